import { checkOwnCertificate, type Denial, RpcServer, type ServedService } from '@mgrpo/rpc';
import { createMetrics, startTelemetryServer } from '@mgrpo/telemetry';
import type { ServiceContext } from './service-process.ts';
import { metricsDenial, requireProtection } from './service-security.ts';

export interface ServersOptions {
  context: Pick<ServiceContext, 'config' | 'log' | 'registry' | 'security'>;
  listen: { host: string; port: number; metricsPort: number };
  services: readonly ServedService[];
  /** Null when the service can be given work, else why not. */
  notReady: () => string | null;
}

/** The two doors of every service: gRPC with health checks, and HTTP with metrics and probes. */
export interface Servers {
  port: number;
  metricsPort: number;
  /** `ready`, `draining`, or why it is not ready. */
  state(): string;
  /** From now on `/readyz` says that the service drains; calls under way may end. */
  drain(): void;
  close(graceMs: number): Promise<void>;
}

/**
 * Opens both doors, and checks over its own port that the certificate is one that callers take.
 *
 * @throws MgrpoError INVALID_CONFIG off loopback without protection, RESOURCE where a port is taken
 */
export async function openServers(options: ServersOptions): Promise<Servers> {
  const { listen, services, context, notReady } = options;
  const { registry, log, security } = context;
  const { security: settings, reflection } = context.config.deployment;
  const warning = requireProtection(listen.host, settings, security);
  if (warning !== null) log.warn(warning);
  const { deniedCalls } = createMetrics(registry, ['deniedCalls']);
  const onDenied = (reason: Denial) => deniedCalls.inc({ reason });
  let isDraining = false;
  const notReadyOrDraining = () => (isDraining ? 'draining' : notReady());
  const rpc = await RpcServer.start({ ...listen, services, reflection, security, onDenied });
  await checkOwnCertificate(rpc.port, listen.host, security);
  const telemetry = await startTelemetryServer({
    host: listen.host,
    port: listen.metricsPort,
    registry,
    metricsDenial: (authorization) => {
      const denial = metricsDenial(authorization, { host: listen.host, settings, peers: security });
      if (denial !== null) onDenied(denial);
      return denial;
    },
    live: () => null,
    ready: notReadyOrDraining,
  });
  rpc.setServing(true);
  return {
    port: rpc.port,
    metricsPort: telemetry.port,
    state: () => notReadyOrDraining() ?? 'ready',
    drain: () => {
      isDraining = true;
      rpc.setServing(false);
    },
    close: async (graceMs) => {
      await rpc.close(graceMs);
      await telemetry.close();
    },
  };
}
