import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, MgrpoError } from '@mgrpo/errors';
import type { ServiceMessage } from './service-process.ts';

/** One process to keep running. */
export interface SupervisedService {
  /** Unique: names the log file and the messages, like `policy-rollout-2`. */
  name: string;
  /** What is run; `process.execPath` where it is left out. */
  program?: string;
  args: readonly string[];
  /** By how much it stands back where processors are short (`os.setPriority`); 0 where not given. */
  niceness?: number | undefined;
}

export interface SupervisorOptions {
  services: readonly SupervisedService[];
  env: NodeJS.ProcessEnv;
  logFolder: string;
  /** A service that dies more often than this within a minute stops the run. */
  maxRestartsPerMinute: number;
  /** From SIGTERM to SIGKILL. */
  stopMs: number;
  onEvent(event: SupervisorEvent): void;
}

export type SupervisorEvent =
  | { kind: 'ready'; name: string; pid: number; port: number; metricsPort: number }
  | { kind: 'notice'; name: string; message: string }
  | { kind: 'restarting'; name: string; reason: string };

// Starting again can't help: the input, the machine or the disk is the reason, and a person has to act.
const finalCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'USAGE',
  'INVALID_CONFIG',
  'INVALID_INPUT',
  'INVALID_MODEL',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'CORRUPT',
  'INCOMPATIBLE',
  'RESOURCE',
  'STALE_EPOCH',
  'NOT_FOUND',
]);

/** Starts the services of a run as processes of this machine and starts one that dies again. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<string, ChildProcess>();
  readonly #failed = Promise.withResolvers<never>();
  readonly #keepers: Promise<void>[];
  #isStopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.logFolder, { recursive: true });
    this.#failed.promise.catch(() => {});
    this.#keepers = options.services.map((service) => this.#keepRunning(service));
  }

  /** Rejects when a service can't be kept running. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Process ids by service name. */
  get pids(): ReadonlyMap<string, number> {
    return new Map([...this.#children].map(([name, child]) => [name, child.pid ?? -1]));
  }

  /** Tells all services to drain, and kills those that take longer than `stopMs`. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const child of this.#children.values()) child.kill('SIGTERM');
    const timer = setTimeout(() => {
      for (const child of this.#children.values()) child.kill('SIGKILL');
    }, this.#options.stopMs);
    await Promise.all(this.#keepers);
    clearTimeout(timer);
  }

  async #keepRunning(service: SupervisedService): Promise<void> {
    const deaths: number[] = [];
    while (!this.#isStopping) {
      const { reason, failure } = await this.#runOnce(service);
      if (this.#isStopping) return;
      deaths.push(performance.now());
      const recent = deaths.filter((time) => time > performance.now() - 60_000).length;
      const isFinal = failure !== undefined && finalCodes.has(failure.code);
      if (isFinal || recent > this.#options.maxRestartsPerMinute) {
        this.#failed.reject(this.#failure(service, reason, failure));
        return;
      }
      this.#options.onEvent({ kind: 'restarting', name: service.name, reason });
      await sleep(Math.min(2000, 100 * 2 ** (recent - 1)));
    }
  }

  async #runOnce({
    name,
    program = process.execPath,
    args,
    niceness,
  }: SupervisedService): Promise<{ reason: string; failure?: Failure }> {
    const { env, logFolder, onEvent } = this.#options;
    const log = openSync(join(logFolder, `${name}.log`), 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log, 'ipc'], env });
    closeSync(log);
    this.#children.set(name, child);
    if (niceness !== undefined && child.pid !== undefined) standBack(child.pid, niceness);
    let failure: Failure | undefined;
    child.on('message', (message: ServiceMessage) => {
      if (message.kind === 'failed') failure = message;
      else if (message.kind === 'notice') onEvent({ ...message, name });
      else onEvent({ ...message, kind: 'ready', name, pid: child.pid ?? -1 });
    });
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    child.on('error', (error) => resolve(error.message));
    // After its messages, which `exit` may come before: the last one says why it has failed.
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    const reason = await ended;
    this.#children.delete(name);
    return failure === undefined ? { reason } : { reason: failure.message, failure };
  }

  #failure({ name }: SupervisedService, reason: string, failure: Failure | undefined): MgrpoError {
    if (failure !== undefined) {
      return new MgrpoError(failure.code as ErrorCode, `${name}: ${failure.message}`);
    }
    const log = join(this.#options.logFolder, `${name}.log`);
    return new MgrpoError('INTERNAL', `${name} keeps dying (${reason}); see ${log}`);
  }
}

type Failure = ServiceMessage & { kind: 'failed' };

/** Of a process that has just begun: the threads that it starts inherit it. */
function standBack(pid: number, niceness: number): void {
  try {
    setPriority(pid, Math.min(getPriority() + niceness, constants.priority.PRIORITY_LOW));
  } catch {
    // A machine that does not allow it has a slower run, not a failed one.
  }
}
