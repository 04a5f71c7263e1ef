import { RpcServer, type ServedService } from '@mgrpo/rpc';
import { type Registry, startTelemetryServer } from '@mgrpo/telemetry';

export interface ServersOptions {
  listen: { host: string; port: number; metricsPort: number };
  services: readonly ServedService[];
  registry: Registry;
  /** Null when the service can be given work, else why not. */
  notReady: () => string | null;
}

/** The two doors of every service: gRPC with health checks, and HTTP with metrics and probes. */
export interface Servers {
  port: number;
  metricsPort: number;
  /** From now on `/readyz` says that the service drains; calls under way may end. */
  drain(): void;
  close(graceMs: number): Promise<void>;
}

export async function openServers(options: ServersOptions): Promise<Servers> {
  const { listen, services, registry, notReady } = options;
  let isDraining = false;
  const rpc = await RpcServer.start({ ...listen, services, reflection: false });
  const telemetry = await startTelemetryServer({
    host: listen.host,
    port: listen.metricsPort,
    registry,
    live: () => null,
    ready: () => (isDraining ? 'draining' : notReady()),
  });
  rpc.setServing(true);
  return {
    port: rpc.port,
    metricsPort: telemetry.port,
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
