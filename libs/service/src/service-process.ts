import { setTimeout as sleep } from 'node:timers/promises';
import { configOfRole, type RunConfig } from '@mgrpo/config';
import { exitCode, MgrpoError, messageOf } from '@mgrpo/errors';
import type { HeldLease } from '@mgrpo/lease';
import type { PeerSecurity } from '@mgrpo/rpc';
import {
  createLogger,
  createMetrics,
  createRegistry,
  type Logger,
  openTracer,
  type Registry,
  type Tracer,
  WorkScope,
} from '@mgrpo/telemetry';
import { workerName } from './machine.ts';
import { takeServiceLease } from './service-lease.ts';
import { openPeerSecurity } from './service-security.ts';

/** What a service tells the process that started it, over the IPC channel. */
export type ServiceMessage =
  | { kind: 'ready'; service: string; port: number; metricsPort: number }
  | { kind: 'notice'; message: string }
  | { kind: 'failed'; service: string; code: string; message: string };

/** What every service is built from. */
export interface ServiceContext {
  config: RunConfig;
  log: Logger;
  registry: Registry;
  /** Where secrets are that the configuration refers to by name. */
  env: NodeJS.ProcessEnv;
  /** Who may call us, and how we show who we are. */
  security: PeerSecurity;
  tracer: Tracer;
  /** Names the run in every event and span from now on. */
  joined(runId: string): void;
  /** Tells the person at `mgrpo train` something about the input, and the log. */
  notice(message: string): void;
}

export interface RunningService {
  /** Ports it listens on. */
  port: number;
  metricsPort: number;
  /** Rejects when the service can't go on; never resolves. */
  failed: Promise<never>;
  /** Ends calls and jobs under way, then everything else. Idempotent. */
  close(): Promise<void>;
}

/**
 * Runs a service as this process until a signal, its parent's end or its own failure stops it.
 *
 * Under `mgrpo train` the parent decides the order of the shutdown, so Ctrl-C, which the terminal sends to
 * everyone, is left to it. A parent that dies closes the channel, and the service ends: no orphans.
 *
 * @param isSingle there is one of this service: where `deployment.lease` says so, it waits for its Lease first
 * @returns the exit code
 */
export async function runService(
  service: string,
  runConfig: RunConfig,
  start: (context: ServiceContext) => Promise<RunningService>,
  { isSingle = false } = {},
): Promise<number> {
  const config = configOfRole(runConfig, service);
  const scope = new WorkScope();
  const log = createLogger({ service, level: config.deployment.logLevel, scope });
  const registry = createRegistry(service);
  const { stopped, signal } = stopRequest();
  let running: RunningService | undefined;
  let lease: HeldLease | null = null;
  let security: PeerSecurity | undefined;
  const tracer = await openServiceTracer(service, config, { registry, scope, log });
  const notice = (message: string) => {
    log.warn(message);
    tell({ kind: 'notice', message });
  };
  try {
    security = openPeerSecurity(config.deployment.security, notice);
    if (isSingle) lease = await takeServiceLease(service, config, { log, signal });
    if (signal.aborted) return 0;
    const { env } = process;
    const joined = (runId: string) => scope.join(runId);
    const starting = start({ config, log, registry, tracer, security, env, joined, notice });
    running = await Promise.race([starting, stopped.then(() => undefined), ...lossOf(lease)]);
    if (running === undefined) return 0;
    const { port, metricsPort } = running;
    tell({ kind: 'ready', service, port, metricsPort });
    log.info({ port, metricsPort }, 'ready');
    const reason = await Promise.race([stopped, running.failed, ...lossOf(lease)]);
    log.info({ reason }, 'draining');
    return 0;
  } catch (error) {
    tellFailure(service, error, log);
    return exitCode(error);
  } finally {
    const { drainMs } = config.deployment.deadlines;
    if (running !== undefined) {
      const ending = running.close().finally(() => tracer.close(flushMs));
      await Promise.race([within(drainMs, ending, log), ...graceOf(lease)]);
    }
    await lease?.release();
    security?.close();
    log.info('ended');
    endProcess();
  }
}

/** What asks a service to end: resolves with the reason, and `signal` fires. */
function stopRequest(): { stopped: Promise<string>; signal: AbortSignal } {
  const isSupervised = process.send !== undefined;
  const { promise, resolve } = Promise.withResolvers<string>();
  process.on('SIGTERM', () => resolve('SIGTERM'));
  process.on('SIGINT', () => isSupervised || resolve('SIGINT'));
  process.on('disconnect', () => resolve('the supervisor has gone'));
  const stopping = new AbortController();
  void promise.then(() => stopping.abort());
  return { stopped: promise, signal: stopping.signal };
}

async function openServiceTracer(
  service: string,
  { deployment }: RunConfig,
  { registry, scope, log }: { registry: Registry; scope: WorkScope; log: Logger },
): Promise<Tracer> {
  const { droppedSpans } = createMetrics(registry, ['droppedSpans']);
  return await openTracer({
    ...deployment.tracing,
    service,
    instance: workerName(),
    scope,
    log,
    onDropped: (reason, numSpans) => droppedSpans.inc({ reason }, numSpans),
  });
}

function tellFailure(service: string, error: unknown, log: Logger): void {
  const code = error instanceof MgrpoError ? error.code : 'INTERNAL';
  const stack = code === 'INTERNAL' && error instanceof Error ? { stack: error.stack } : {};
  log.error({ code, error: messageOf(error), ...stack }, 'failed');
  tell({ kind: 'failed', service, code, message: messageOf(error) });
}

function lossOf(lease: HeldLease | null): Promise<never>[] {
  return lease === null ? [] : [lease.lost];
}

/** Resolves a moment after the Lease was lost: another may work from then on, so nothing is ended in peace. */
function graceOf(lease: HeldLease | null): Promise<void>[] {
  return lossOf(lease).map((lost) => lost.catch(() => sleep(500)));
}

// The last spans of a service that has drained are few; a receiver that is away must not keep it.
const flushMs = 1000;

/** Lets the process end: the channel to the parent would keep it alive, and so would a handle that hangs. */
function endProcess(): void {
  if (process.connected) process.disconnect();
  setTimeout(() => process.exit(), 200).unref();
}

function tell(message: ServiceMessage): void {
  // The parent may be gone: then there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Waits for `work`, but not longer than `limitMs`: a drain that hangs must not keep a process alive. */
async function within(limitMs: number, work: Promise<void>, log: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(resolve, limitMs, 'late');
  const outcome = await Promise.race([
    work.catch((error: unknown) => log.warn({ error: messageOf(error) }, 'drain failed')),
    promise,
  ]);
  clearTimeout(timer);
  if (outcome === 'late') log.warn({ limitMs }, 'drain took too long; ending anyway');
}
