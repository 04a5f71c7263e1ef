import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { Registry } from './metrics.ts';

/** Null when all is well, else the reason in words. */
export type Probe = () => string | null | Promise<string | null>;

export interface TelemetryServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** Why someone with this `Authorization` header may not read /metrics; null when they may. */
  metricsDenial?(authorization: string | undefined): 'unauthenticated' | 'permission-denied' | null;
  /** Whether the process should be left alone: a reason gets it restarted. */
  readonly live: Probe;
  /** Whether it should be given work. */
  readonly ready: Probe;
}

export interface TelemetryServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` (Prometheus), `/healthz` (liveness) and `/readyz` (readiness: 200, or 503 and the reason).
 *
 * @throws RESOURCE when the port is taken
 */
export async function startTelemetryServer(
  options: TelemetryServerOptions,
): Promise<TelemetryServer> {
  const { host, port, registry } = options;
  const server = createServer({ connectionsCheckingInterval: 2000 }, (request, response) => {
    answer(request, options).then(
      ({ status, text }) => reply(response, { status, text, type: registry.contentType }),
      (error) => reply(response, { status: 500, text: messageOf(error), type: 'text/plain' }),
    );
  });
  // Who sends its request a byte at a time is cut off, and can't keep others out meanwhile.
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  server.maxConnections = 512;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is taken' : `can't be used (${cause.message})`;
      const message = `metrics port ${host}:${port} ${why}; choose another, or 0 for any free port`;
      reject(new MgrpoError('RESOURCE', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  { method, url, headers }: IncomingMessage,
  { registry, live, ready, metricsDenial }: TelemetryServerOptions,
): Promise<{ status: number; text: string }> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'GET only\n' };
  switch (url?.split('?')[0]) {
    case '/metrics':
      switch (metricsDenial?.(headers.authorization) ?? null) {
        case 'unauthenticated':
          return { status: 401, text: 'send Authorization: Bearer and a token of monitoring\n' };
        case 'permission-denied':
          return { status: 403, text: 'the token of another role; send one of monitoring\n' };
      }
      return { status: 200, text: await registry.metrics() };
    case '/healthz':
      return health(await live());
    case '/readyz':
      return health(await ready());
    default:
      return { status: 404, text: '/metrics, /healthz, /readyz\n' };
  }
}

function health(reason: string | null): { status: number; text: string } {
  return reason === null ? { status: 200, text: 'ok\n' } : { status: 503, text: `${reason}\n` };
}

function reply(
  response: ServerResponse,
  { status, text, type }: { status: number; text: string; type: string },
): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
