import { MgrpoError } from '@mgrpo/errors';
import {
  arrangeGraph,
  listWeights,
  type ModelConfig,
  prefillGraph,
  type Quantisation,
  weightViews,
} from '@mgrpo/model';
import {
  type Device,
  type DeviceSession,
  openDeviceSession,
  openSession,
  openUploader,
  type Session,
  type Uploader,
} from '@mgrpo/runtime';
import type { Batch, BatchParts, BatchUse } from './batch.ts';
import { DeviceBatch } from './device-batch.ts';
import { HostBatch } from './host-batch.ts';
import { type Draft, failJob, type Job, newJob, nextDraft } from './job.ts';
import { Prefill } from './prefill.ts';
import { checkRequest, type GenerationRequest, type Rollout } from './request.ts';
import { RotaryFeeds, rotaryTableInputs } from './rotary-feeds.ts';
import { Samplers } from './sampler.ts';
import { WeightVersion } from './weight-version.ts';

export interface GeneratorOptions {
  readonly model: ModelConfig;
  /** The most rollouts that decode at once, over all weight versions. */
  readonly slots: number;
  readonly device: Device;
  /** Ids from here on are never drawn: the tokenizer's size where the model's vocabulary is padded. */
  readonly numTokens: number;
  /** How the weights are rounded that training rollouts decode with, on the CPU; null: not at all. */
  readonly quantisation: Quantisation | null;
}

/** Counters since the start, and what is going on now. */
export interface GenerationStats {
  readonly slots: number;
  readonly activeRollouts: number;
  readonly waitingRollouts: number;
  /** Bytes of key/value caches. */
  readonly cacheBytes: number;
  readonly numResponseTokens: number;
  readonly numSteps: number;
  readonly numPromptsRead: number;
  /** Milliseconds spent working. */
  readonly busyMs: number;
  /** Bytes between the graphs and this process: on the CPU by reference, to and from a GPU over its bus. */
  readonly movedBytes?: number;
  /** Of servers: requests tried again, and how often one had other weights than it should. */
  readonly numRetries?: number;
  readonly numStale?: number;
}

/** The sessions that a generator opens at once; samplers come when they are needed. */
interface Sessions {
  readonly prefill: Session;
  /** Where weights and caches live on a GPU: what brings weights there, and what lays caches out. */
  readonly onDevice: {
    readonly weights: Uploader;
    readonly tables: Uploader;
    readonly arrange: DeviceSession;
  } | null;
}

/**
 * Continuous batching: requests wait in order of arrival, their rollouts take slots as these come free, and
 * every turn advances each batch by one token. Lives in an engine thread.
 */
export class Generator {
  readonly #options: GeneratorOptions;
  readonly #weights = new Map<number, WeightVersion>();
  readonly #rotary: RotaryFeeds;
  readonly #samplers: Samplers;
  readonly #sessions: Sessions;
  readonly #prefill: Prefill;
  readonly #batches: Batch[] = [];
  /** Jobs whose callers still wait. */
  readonly #jobs = new Set<Job>();
  /** Versions that rollouts under way may still use. */
  readonly #dropped = new Set<WeightVersion>();
  /** Those with rollouts that have no slot yet, in order of arrival. */
  #waiting: Job[] = [];
  #loop: Promise<void> | undefined;
  #counts = { numResponseTokens: 0, numSteps: 0, numPromptsRead: 0, busyMs: 0 };

  private constructor(options: GeneratorOptions, sessions: Sessions) {
    const { model } = options;
    this.#options = options;
    this.#rotary = new RotaryFeeds(model, sessions.onDevice?.tables ?? null);
    this.#samplers = new Samplers(options);
    this.#sessions = sessions;
    this.#prefill = new Prefill(model, sessions.prefill, this.#rotary);
  }

  static async open(options: GeneratorOptions): Promise<Generator> {
    if (!Number.isSafeInteger(options.slots) || options.slots < 1) {
      throw new MgrpoError('INVALID_CONFIG', `slots is ${options.slots}; it must be at least 1`);
    }
    const { device, model, quantisation } = options;
    if (quantisation !== null && device !== 'cpu') {
      const message = `rounded weights decode on the CPU alone, not on ${device}`;
      throw new MgrpoError('INVALID_CONFIG', message);
    }
    const prefill = await openSession(prefillGraph(model, device), { name: 'prefill', device });
    if (device !== 'webgpu') return new Generator(options, { prefill, onDevice: null });
    const weights = await openUploader(listWeights(weightViews(model)));
    const tables = await openUploader(rotaryTableInputs(model));
    const arrange = await openDeviceSession(arrangeGraph(model), 'arrange');
    return new Generator(options, { prefill, onDevice: { weights, tables, arrange } });
  }

  /** Adds a weight version; rollouts under way keep the weights they began with. */
  async setWeights(version: number, flat: Float32Array): Promise<void> {
    const uploader = this.#sessions.onDevice?.weights ?? null;
    const weights = await WeightVersion.load(this.#options.model, { version, flat }, uploader);
    const replaced = this.#weights.get(version);
    this.#weights.set(version, weights);
    await this.#drop(replaced);
  }

  async dropWeights(version: number): Promise<void> {
    const weights = this.#weights.get(version);
    this.#weights.delete(version);
    await this.#drop(weights);
  }

  /** Samples the rollouts of a request. Aborting `signal` rejects at once and frees the slots. */
  async generate(request: GenerationRequest, signal: AbortSignal): Promise<Rollout[]> {
    checkRequest(this.#options.model, request);
    const weights = this.#weights.get(request.weightVersion);
    if (!weights) {
      const held = [...this.#weights.keys()].join(', ') || 'none';
      const wanted = `weight version ${request.weightVersion} is not here`;
      throw new MgrpoError('STALE_WEIGHTS', `${wanted} (held: ${held}); send it first`);
    }
    const { job, promise } = newJob(request, weights);
    const cancel = () => failJob(job, new MgrpoError('CANCELLED', 'generation was cancelled'));
    signal.addEventListener('abort', cancel, { once: true });
    this.#jobs.add(job);
    this.#waiting.push(job);
    this.#loop ??= this.#work();
    return promise.finally(() => {
      this.#jobs.delete(job);
      signal.removeEventListener('abort', cancel);
    });
  }

  stats(): GenerationStats {
    const numWaiting = ({ request, numAdmitted }: Job) => request.numRollouts - numAdmitted;
    return {
      ...this.#counts,
      movedBytes: this.#movedBytes(),
      slots: this.#options.slots,
      activeRollouts: this.#numActive(),
      waitingRollouts: this.#waiting.reduce((sum, job) => sum + numWaiting(job), 0),
      cacheBytes: this.#batches.reduce((sum, { cacheBytes }) => sum + cacheBytes, 0),
    };
  }

  /** Cancels every job, waits for the current run and frees the sessions. */
  async close(): Promise<void> {
    const error = new MgrpoError('CANCELLED', 'the generation engine is closing');
    for (const job of this.#jobs) failJob(job, error);
    await this.#loop;
    await this.#samplers.close();
    for (const weights of this.#weights.values()) weights.dispose();
    for (const batch of this.#batches) batch.clear();
    await this.#sessions.prefill.close();
    this.#rotary.dispose();
    for (const session of Object.values(this.#sessions.onDevice ?? {})) await session.close();
  }

  async #drop(weights: WeightVersion | undefined): Promise<void> {
    if (weights === undefined) return;
    this.#dropped.add(weights);
    if (this.#loop === undefined) await this.#freeDropped();
  }

  /** Gives back the memory of versions that no rollout uses any more: the device's, and of their rounded weights. */
  async #freeDropped(): Promise<void> {
    const used = new Set([...this.#jobs].map(({ weights }) => weights));
    for (const weights of this.#dropped) {
      if (used.has(weights)) continue;
      this.#dropped.delete(weights);
      weights.dispose();
      await this.#samplers.drop(weights);
    }
  }

  #movedBytes(): number {
    const { prefill, onDevice } = this.#sessions;
    const sessions = [prefill, ...Object.values(onDevice ?? {})];
    return sessions.reduce((sum, session) => sum + session.movedBytes, this.#samplers.movedBytes);
  }

  #numActive(): number {
    return this.#batches.reduce((sum, { drafts }) => sum + drafts.length, 0);
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0 || this.#numActive() > 0) {
      const start = performance.now();
      await this.#admit();
      for (const batch of this.#batches) await this.#step(batch);
      await this.#freeDropped();
      this.#counts.busyMs += performance.now() - start;
    }
    this.#loop = undefined;
  }

  async #step(batch: Batch): Promise<void> {
    if (batch.drafts.length === 0) return;
    try {
      this.#counts.numResponseTokens += await batch.step();
      this.#counts.numSteps++;
    } catch (error) {
      for (const { job } of batch.clear()) failJob(job, error);
    }
  }

  /** Gives free slots to waiting rollouts, first come first served. */
  async #admit(): Promise<void> {
    this.#waiting = this.#waiting.filter((job) => !job.isSettled);
    let numFree = this.#options.slots - this.#numActive();
    const admitted: Draft[] = [];
    for (const job of this.#waiting) {
      while (numFree > 0 && job.numAdmitted < job.request.numRollouts) {
        admitted.push(nextDraft(job));
        numFree--;
      }
    }
    this.#waiting = this.#waiting.filter((job) => job.numAdmitted < job.request.numRollouts);
    const byWeights = Map.groupBy(admitted, ({ job }) => job.weights);
    for (const [weights, drafts] of byWeights) {
      try {
        await this.#readPrompts(weights, drafts);
        const bySampler = Map.groupBy(drafts, ({ job }) => this.#samplers.nameOf(job.request));
        for (const newcomers of bySampler.values()) {
          const sampler = await this.#samplers.get(newcomers[0]!.job.request, weights);
          await this.#batchOf({ weights, sampler }).join(newcomers);
          this.#counts.numResponseTokens += newcomers.length;
        }
      } catch (error) {
        this.#failVersion(weights, drafts, error);
      }
    }
  }

  /** Fails the drafts that were to join and all that use the same weights: their caches may be half-written. */
  #failVersion(weights: WeightVersion, newcomers: readonly Draft[], error: unknown): void {
    const using = this.#batches.filter((batch) => batch.use.weights === weights);
    const dropped = using.flatMap((batch) => batch.clear());
    for (const { job } of [...newcomers, ...dropped]) failJob(job, error);
  }

  /** Reads each distinct prompt once per weight version, whatever the number of jobs that ask for it. */
  async #readPrompts(weights: WeightVersion, drafts: readonly Draft[]): Promise<void> {
    const missing = new Map<string, Int32Array>();
    const jobs = new Set(drafts.map(({ job }) => job));
    for (const job of jobs) {
      const { promptTokens } = job.request;
      job.prompt ??= weights.recall(promptTokens);
      if (!job.prompt) missing.set(promptTokens.join(), promptTokens);
    }
    if (missing.size === 0) return;
    const prompts = await this.#prefill.read([...missing.values()], weights);
    this.#counts.numPromptsRead += prompts.length;
    const read = new Map([...missing.keys()].map((key, i) => [key, prompts[i]!]));
    for (const [key, prompt] of read) weights.remember(missing.get(key)!, prompt);
    for (const job of jobs) job.prompt ??= read.get(job.request.promptTokens.join())!;
  }

  #batchOf(use: BatchUse): Batch {
    const serving = this.#batches.find(
      (batch) => batch.use.weights === use.weights && batch.use.sampler === use.sampler,
    );
    if (serving) return serving;
    const empty = this.#batches.find((batch) => batch.drafts.length === 0);
    if (empty) empty.use = use;
    const batch = empty ?? this.#newBatch({ rotary: this.#rotary, use });
    if (!empty) this.#batches.push(batch);
    return batch;
  }

  #newBatch(parts: BatchParts): Batch {
    const { model } = this.#options;
    const { onDevice } = this.#sessions;
    return onDevice ? new DeviceBatch(model, parts, onDevice.arrange) : new HostBatch(model, parts);
  }
}
