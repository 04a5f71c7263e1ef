import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  type ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { HealthImplementation } from 'grpc-health-check';
import { authorizer, type Denial } from './authorize.ts';
import { packageDefinition } from './contracts.ts';
import { openSecurity, type PeerSecurity } from './peer-security.ts';
import { toStatus } from './status.ts';
import { traceparentOf } from './trace-metadata.ts';

/**
 * A unary handler from an async function: its error becomes the call's status, `signal` fires when the caller has
 * gone, `traceparent` is the caller's, unchecked.
 */
export function unaryHandler<Req, Res>(
  respond: (request: Req, signal: AbortSignal, traceparent: string | null) => Promise<Res>,
): handleUnaryCall<Req, Res> {
  return (call, callback) => {
    const abort = new AbortController();
    call.on('cancelled', () => abort.abort());
    respond(call.request, abort.signal, traceparentOf(call.metadata)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error)),
    );
  };
}

/** What a streaming handler writes to: `send` resolves when the peer has room for more. */
export interface MessageSink<Res> {
  send(message: Res): Promise<void>;
  signal: AbortSignal;
}

/** A server-stream handler from an async function; returning ends the stream. */
export function streamHandler<Req, Res>(
  respond: (request: Req, sink: MessageSink<Res>, traceparent: string | null) => Promise<void>,
): handleServerStreamingCall<Req, Res> {
  return (call) => {
    const abort = new AbortController();
    const stop = () => abort.abort();
    call.on('cancelled', stop);
    call.on('error', stop);
    call.on('close', stop);
    const sink = {
      send: (message: Res) => write(call, message, abort.signal),
      signal: abort.signal,
    };
    respond(call.request, sink, traceparentOf(call.metadata)).then(
      () => call.end(),
      (error: unknown) => {
        if (!abort.signal.aborted) call.emit('error', toStatus(error));
      },
    );
  };
}

async function write<Req, Res>(
  call: ServerWritableStream<Req, Res>,
  message: Res,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw new MgrpoError('CANCELLED', 'the subscriber has gone');
  if (call.write(message)) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const gone = () => reject(new MgrpoError('CANCELLED', 'the subscriber has gone'));
  call.once('drain', resolve);
  signal.addEventListener('abort', gone, { once: true });
  try {
    await promise;
  } finally {
    call.off('drain', resolve);
    signal.removeEventListener('abort', gone);
  }
}

export interface ServedService {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
}

export interface RpcServerOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  services: readonly ServedService[];
  /** Lets tools list the services; in development only. */
  reflection: boolean;
  /** Who may call what; everyone everything where nothing is given. */
  security?: PeerSecurity;
  /** Told of each call that was refused. */
  onDenied?(denial: Denial): void;
}

/** A gRPC server with `grpc.health.v1`; not serving until told so. */
export class RpcServer {
  readonly port: number;
  readonly #server: Server;
  readonly #health: HealthImplementation;

  private constructor(server: Server, health: HealthImplementation, port: number) {
    this.#server = server;
    this.#health = health;
    this.port = port;
  }

  /** @throws MgrpoError RESOURCE when the port is taken. */
  static async start(options: RpcServerOptions): Promise<RpcServer> {
    const { security = openSecurity, onDenied = () => {} } = options;
    const server = new Server({
      // Of one connection: a service has one to each other, and few calls at once on it.
      'grpc.max_concurrent_streams': 256,
      // Also ends connections that never say anything.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      ...(security.isClosed ? { interceptors: [authorizer(security, onDenied)] } : {}),
    });
    const health = new HealthImplementation({ '': 'NOT_SERVING' });
    health.addToServer(server);
    if (options.reflection) new ReflectionService(packageDefinition).addToServer(server);
    for (const { definition, implementation } of options.services) {
      server.addService(definition, implementation);
    }
    const port = await bind(server, options, security.serverCredentials());
    return new RpcServer(server, health, port);
  }

  /** What `grpc.health.v1` answers. */
  setServing(isServing: boolean): void {
    this.#health.setStatus('', isServing ? 'SERVING' : 'NOT_SERVING');
  }

  /** Refuses new calls, lets running ones end for `graceMs`, then cuts them. End your own streams first. */
  async close(graceMs: number): Promise<void> {
    this.setServing(false);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#server.forceShutdown();
      resolve();
    }, graceMs);
    this.#server.tryShutdown(() => resolve());
    await promise;
    clearTimeout(timer);
  }
}

async function bind(
  server: Server,
  { host, port }: RpcServerOptions,
  credentials: ServerCredentials,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const address = `${host}:${port}`;
  server.bindAsync(address, credentials, (error, bound) => {
    if (error === null) return resolve(bound);
    reject(
      new MgrpoError(
        'RESOURCE',
        `cannot listen on ${address}: ${messageOf(error)}; stop what holds the port or configure another`,
        { cause: error },
      ),
    );
  });
  return await promise;
}
