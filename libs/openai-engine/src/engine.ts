import { rolloutKey } from '@mgrpo/algorithm';
import type { JsonObject } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import {
  checkRequest,
  type GenerationRequest,
  type GenerationStats,
  type Rollout,
  type RolloutEngine,
  type Sampling,
} from '@mgrpo/generation';
import type { ModelConfig } from '@mgrpo/model';
import { type RetryPolicy, withRetries } from '@mgrpo/retries';
import { ScoringEngine } from '@mgrpo/training';
import { ApiClient } from './api-client.ts';
import type { CompletionSettings } from './completion.ts';
import type { Dialect } from './dialect.ts';
import { type OwnLogprobs, probeRequest } from './probe.ts';
import { rolloutOf } from './rollout.ts';
import { EngineServer } from './server.ts';
import { type StoredWeights, WeightFolders } from './weight-folders.ts';

export interface OpenAiEngineOptions {
  readonly model: ModelConfig;
  readonly configJson: JsonObject;
  readonly tokenizerFolder: string;
  /** Servers of this worker alone: whoever else gives them weights is noticed, and work is lost. */
  readonly urls: readonly string[];
  readonly servedModel: string;
  readonly dialect: Dialect;
  readonly apiKey: string | null;
  readonly apiKeyVariable: string | null;
  /** k of the top-k logprobs from which entropies are estimated. */
  readonly topLogprobs: number;
  /** Requests in flight at each server. */
  readonly concurrency: number;
  readonly retries: Omit<RetryPolicy, 'random'>;
  readonly requestMs: number;
  readonly reloadMs: number;
  readonly maxAnswerBytes: number;
  /** This worker's own; see `WeightFoldersOptions`. */
  readonly folder: string;
  readonly folderOnServer: string;
  readonly keepFolders: number;
  /** What the probe asks, and how the run samples. */
  readonly probePrompt: Int32Array;
  readonly probeSampling: Sampling;
  /** Compares each reload with our own engine: needs the model's weights in this process. */
  readonly ownProbe: boolean;
  readonly tolerance: number;
}

/**
 * Samples rollouts by servers that speak the OpenAI completions API (vLLM, SGLang).
 *
 * Unlike our own engine's, a rollout depends on what the server does at the same time: its seed names its random
 * numbers, but the sums behind the probabilities differ with the batch. Entropies are lower bounds.
 */
export class OpenAiEngine implements RolloutEngine {
  readonly #options: OpenAiEngineOptions;
  readonly #folders: WeightFolders;
  readonly #scorer: ScoringEngine | null;
  readonly #servers: readonly EngineServer[];
  readonly #settings: CompletionSettings;
  readonly #closing = new AbortController();
  readonly #ended = Promise.withResolvers<MgrpoError | undefined>();
  #counts = { numResponseTokens: 0, numSteps: 0, numPromptsRead: 0, numRetries: 0 };
  #busyMs = 0;
  #busySince = 0;
  #numActive = 0;

  private constructor(
    options: OpenAiEngineOptions,
    folders: WeightFolders,
    scorer: ScoringEngine | null,
  ) {
    const { model, servedModel, dialect, topLogprobs, apiKey, apiKeyVariable } = options;
    this.#options = options;
    this.#folders = folders;
    this.#scorer = scorer;
    const { vocabSize } = model;
    this.#settings = { model: servedModel, dialect, topLogprobs, vocabSize };
    this.#servers = options.urls.map((url) => {
      const { maxAnswerBytes } = options;
      const client = new ApiClient({ url, apiKey, apiKeyVariable, maxAnswerBytes });
      return new EngineServer({
        ...options,
        client,
        settings: this.#settings,
        folders,
        probe: probeRequest(options.probePrompt, options.probeSampling),
        ownLogprobs: scorer && ((weights, tokens) => this.#ownLogprobs(scorer, weights, tokens)),
        signal: this.#closing.signal,
      });
    });
    void scorer?.ended.then((error) => this.#ended.resolve(error));
  }

  static async start(options: OpenAiEngineOptions): Promise<OpenAiEngine> {
    const { folder, folderOnServer, configJson, tokenizerFolder } = options;
    const [folders, scorer] = await Promise.all([
      WeightFolders.open({
        folder,
        folderOnServer,
        configJson,
        tokenizerFolder,
        keepFlat: options.ownProbe,
        keep: options.keepFolders,
      }),
      options.ownProbe ? ScoringEngine.start(options.model) : null,
    ]);
    return new OpenAiEngine(options, folders, scorer);
  }

  get ended(): Promise<MgrpoError | undefined> {
    return this.#ended.promise;
  }

  /** Writes the version to the shared folder; servers read it when a request needs it, the first one at once. */
  async setWeights(version: number, flat: Float32Array): Promise<void> {
    const isFirst = this.#folders.versions().length === 0;
    await this.#folders.add(version, flat);
    // What goes wrong is the servers' `trouble`, and the first request tries again.
    if (isFirst) for (const server of this.#servers) server.prepare(version).catch(() => {});
  }

  dropWeights(version: number): Promise<void> {
    return this.#folders.drop(version);
  }

  versions(): readonly number[] {
    return this.#folders.versions();
  }

  notReady(): string | null {
    if (this.versions().length === 0) return 'waiting-for-weights';
    if (this.#servers.some((server) => server.isVerified)) return null;
    return this.#servers.find((server) => server.trouble !== null)?.trouble ?? 'engine-reloads';
  }

  async generate(request: GenerationRequest, signal?: AbortSignal): Promise<Rollout[]> {
    checkRequest(this.#options.model, request);
    this.#folders.get(request.weightVersion);
    if (request.sampling.selfCertainty) {
      const message =
        'a server tells the top logprobs only, and self-certainty needs all; use rollout.engine onnx';
      throw new MgrpoError('INVALID_INPUT', message);
    }
    const failed = new AbortController();
    const stop = AbortSignal.any([
      ...(signal ? [signal] : []),
      failed.signal,
      this.#closing.signal,
    ]);
    const indices = Array.from({ length: request.numRollouts }, (_, i) => request.firstRollout + i);
    this.#count(request.numRollouts);
    try {
      return await Promise.all(indices.map((index) => this.#sample(request, index, stop)));
    } finally {
      // Where one fails, the others are of no use.
      failed.abort();
      this.#count(-request.numRollouts);
    }
  }

  stats(): Promise<GenerationStats> {
    const slots = this.#options.concurrency * this.#servers.length;
    const waiting = Math.max(0, this.#numActive - slots);
    return Promise.resolve({
      ...this.#counts,
      slots,
      activeRollouts: this.#numActive - waiting,
      waitingRollouts: waiting,
      cacheBytes: 0,
      busyMs: this.#busyMs + (this.#numActive > 0 ? performance.now() - this.#busySince : 0),
      numStale: this.#servers.reduce((sum, { numStale }) => sum + numStale, 0),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#scorer?.close();
    await this.#folders.close();
    this.#ended.resolve(undefined);
  }

  /** One rollout, at whichever server has least to do; another try may go to another one. */
  async #sample(request: GenerationRequest, index: number, signal: AbortSignal): Promise<Rollout> {
    const { promptTokens, sampling, weightVersion } = request;
    // Servers take a signed 64-bit seed; 31 bits suit all of them.
    const seed = rolloutKey(request.stream, index)[0] >>> 1;
    const policy = { ...this.#options.retries, random: Math.random };
    const completion = await withRetries(policy, signal, (number) => {
      if (number > 1) this.#counts.numRetries++;
      return this.#leastLoaded().complete(weightVersion, { promptTokens, seed, sampling }, signal);
    });
    this.#counts.numResponseTokens += completion.tokens.length;
    return rolloutOf(index, completion, this.#settings);
  }

  /** Of the servers that have not failed just now, if there is one. */
  #leastLoaded(): EngineServer {
    const { maxPauseMs } = this.#options.retries;
    const working = this.#servers.filter((server) => !server.failedWithin(maxPauseMs));
    const candidates = working.length > 0 ? working : this.#servers;
    return candidates.reduce((best, server) => (server.load < best.load ? server : best));
  }

  async #ownLogprobs(
    scorer: ScoringEngine,
    { flat }: StoredWeights,
    responseTokens: Int32Array,
  ): Promise<OwnLogprobs> {
    const { probePrompt: promptTokens, probeSampling } = this.#options;
    const sequences = [{ promptTokens, responseTokens }];
    const at = (temperature: number) => scorer.score({ flat: flat!, sequences, temperature });
    const [[scores], [raw]] = await Promise.all([at(probeSampling.temperature), at(1)]);
    return { atTemperature: scores!.logprobs, raw: raw!.logprobs };
  }

  #count(change: number): void {
    if (this.#numActive === 0) this.#busySince = performance.now();
    this.#numActive += change;
    if (this.#numActive === 0) this.#busyMs += performance.now() - this.#busySince;
  }
}
