import { MgrpoError } from '@mgrpo/errors';
import type { RolloutEngine } from '@mgrpo/generation';
import { NotYet, type PayloadRef, type PayloadStore, type RolloutJob } from '@mgrpo/queues';
import type { WeightVersion } from '@mgrpo/rpc';
import type { Metrics, Span, Tracer } from '@mgrpo/telemetry';
import { feedMetrics } from './open-weight-feed.ts';
import { decodeRollouts, encodeRollouts, type Rollout, type RolloutPart } from './rollout-codec.ts';
import type { WeightFeed } from './weight-feed.ts';

/** What a rollout service measures. */
export const rolloutMetrics = [
  'rollouts',
  'responseTokens',
  'activeRollouts',
  'engineSlots',
  'engineBusy',
  'engineCache',
  'engineRetries',
  'engineStale',
  'entropyIsEstimate',
  'weightVersion',
  ...feedMetrics,
] as const;

export interface RolloutWorkerOptions {
  role: 'policy' | 'momentum';
  seed: number;
  stopTokenIds: readonly number[];
  engine: RolloutEngine;
  weights: WeightFeed;
  payloads: PayloadStore;
  runId: string;
  /** Versions the engine keeps: the newest of each, lag + 1. */
  keepVersions: number;
  fetchDeadlineMs: number;
  metrics: Metrics<(typeof rolloutMetrics)[number]>;
  tracer: Tracer;
}

// A version is usually published when its jobs are: a short wait here is cheaper than a trip through Redis.
const arrivalWaitMs = 250;

/** What a server's restart mends: the job comes back then, and no slot is held meanwhile. */
const transientCodes = new Set(['UNAVAILABLE', 'DEADLINE', 'STALE_WEIGHTS']);
const serverPauseMs = 500;

function throwNotYet(error: unknown): never {
  const isTransient = error instanceof MgrpoError && transientCodes.has(error.code);
  throw isTransient ? new NotYet(error.message, serverPauseMs) : error;
}

/** Turns rollout jobs of one role into payloads. Idempotent: a job's result depends on its data only. */
export class RolloutWorker {
  readonly #options: RolloutWorkerOptions;
  #generatedTokens = 0;
  #activeRollouts = 0;
  #measured = { busyMs: 0, numRetries: 0, numStale: 0 };

  constructor(options: RolloutWorkerOptions) {
    this.#options = options;
  }

  get generatedTokens(): number {
    return this.#generatedTokens;
  }

  get activeRollouts(): number {
    return this.#activeRollouts;
  }

  /**
   * Generates the job's rollouts, unless a valid payload is there already, and returns its reference.
   *
   * @throws MgrpoError CANCELLED when `signal` fires while it generates
   */
  async run(job: RolloutJob, span: Span, signal: AbortSignal): Promise<PayloadRef> {
    const { payloads, role, runId, tracer } = this.#options;
    if (job.role !== role || job.runId !== runId) {
      throw new MgrpoError(
        'INVALID_MESSAGE',
        `job of run ${job.runId}, role ${job.role}; this worker serves run ${runId}, role ${role}`,
      );
    }
    const existing = await payloads.find(job.key);
    if (existing !== undefined && (await this.#isValid(existing))) {
      span.set({ reused: true });
      return existing;
    }
    await this.#requireVersion(job.weightVersion);
    const parts = await tracer
      .span('generate', {}, () =>
        Promise.all(job.prompts.map((prompt) => this.#generate(job, prompt, signal))),
      )
      .catch(throwNotYet);
    span.set({ tokens: numTokens(parts.flatMap((part) => part.rollouts)) });
    const bytes = encodeRollouts(parts);
    return await tracer.span('store payload', { attributes: { bytes: bytes.length } }, () =>
      payloads.put(job.key, bytes),
    );
  }

  async #generate(
    job: RolloutJob,
    prompt: RolloutJob['prompts'][number],
    signal: AbortSignal,
  ): Promise<RolloutPart> {
    const { engine, seed, stopTokenIds } = this.#options;
    const { purpose, iteration, role, weightVersion, firstRollout, numRollouts, sampling } = job;
    this.#hold(numRollouts);
    const request = {
      stream: { seed, purpose, iteration, prompt: prompt.prompt, role },
      promptTokens: Int32Array.from(prompt.tokens),
      firstRollout,
      numRollouts,
      weightVersion,
      sampling: { ...sampling, stopTokenIds },
    };
    const generated = engine.generate(request, signal);
    const rollouts = await generated.finally(() => {
      this.#hold(-numRollouts);
    });
    this.#count(rollouts);
    const { runId } = job;
    return { runId, iteration, prompt: prompt.prompt, role, weightVersion, firstRollout, rollouts };
  }

  #hold(change: number): void {
    const { metrics, role } = this.#options;
    this.#activeRollouts += change;
    metrics.activeRollouts.set({ role }, this.#activeRollouts);
  }

  #count(rollouts: readonly Rollout[]): void {
    const { metrics, role } = this.#options;
    const tokens = numTokens(rollouts);
    this.#generatedTokens += tokens;
    metrics.rollouts.inc({ role }, rollouts.length);
    metrics.responseTokens.inc({ role }, tokens);
  }

  async #isValid(ref: PayloadRef): Promise<boolean> {
    const { payloads } = this.#options;
    try {
      decodeRollouts(await payloads.get(ref), ref.key);
      return true;
    } catch (error) {
      if (!(error instanceof MgrpoError)) throw error;
      // What can't be read must go: the key is written only once.
      await payloads.unlink([ref.key]);
      return false;
    }
  }

  async #requireVersion(version: number): Promise<void> {
    const { engine, weights, fetchDeadlineMs, tracer } = this.#options;
    if (engine.versions().includes(version)) return;
    const isThere = await tracer.span('wait for weights', {}, async ({ traceparent }) => {
      if (!(await weights.arrived(version, arrivalWaitMs))) return false;
      if (engine.versions().includes(version)) return true;
      await this.load(await weights.fetch(version, fetchDeadlineMs, traceparent));
      return true;
    });
    if (isThere) return;
    throw new NotYet(
      `weights of version ${version} have not arrived; the newest are ${weights.newest}`,
    );
  }

  /** Gives the engine a version and lets it forget the oldest beyond those kept. */
  async load({ version, bytes }: WeightVersion): Promise<void> {
    const { engine, keepVersions, metrics, role } = this.#options;
    if (!engine.versions().includes(version)) {
      await engine.setWeights(
        version,
        new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4),
      );
    }
    metrics.weightVersion.set({ role }, Math.max(version, ...engine.versions()));
    await this.#measureEngine();
    const kept = [...engine.versions()].sort((a, b) => b - a).slice(0, keepVersions);
    const old = engine.versions().filter((held) => !kept.includes(held) && held !== version);
    await Promise.all(old.map((held) => engine.dropWeights(held)));
  }

  /** Once for each version: often enough for a rate, and no load on the engine. */
  async #measureEngine(): Promise<void> {
    const { engine, metrics, role } = this.#options;
    const before = this.#measured;
    const { slots, cacheBytes, busyMs, numRetries = 0, numStale = 0 } = await engine.stats();
    this.#measured = { busyMs, numRetries, numStale };
    metrics.engineSlots.set({ role }, slots);
    metrics.engineCache.set({ role }, cacheBytes);
    metrics.engineBusy.inc({ role }, (busyMs - before.busyMs) / 1000);
    metrics.engineRetries.inc({ role }, numRetries - before.numRetries);
    metrics.engineStale.inc({ role }, numStale - before.numStale);
  }
}

function numTokens(rollouts: readonly Rollout[]): number {
  return rollouts.reduce((sum, rollout) => sum + rollout.tokens.length, 0);
}
