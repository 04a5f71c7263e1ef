import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { Attempt } from '@mgrpo/retries';
import type { ApiClient } from './api-client.ts';
import {
  type Completion,
  type CompletionRequest,
  type CompletionSettings,
  completionBody,
  readCompletion,
} from './completion.ts';
import { reloadCalls } from './dialect.ts';
import { compareWithOwn, isSameAnswer, type OwnLogprobs, probeDifference } from './probe.ts';
import { VersionGate } from './version-gate.ts';
import type { StoredWeights, WeightFolders } from './weight-folders.ts';

export interface ServerOptions {
  readonly client: ApiClient;
  readonly settings: CompletionSettings;
  readonly folders: WeightFolders;
  readonly probe: CompletionRequest;
  /** Logprobs of a probe's tokens by our own engine with these weights; null: they are not compared. */
  readonly ownLogprobs:
    | ((weights: StoredWeights, tokens: Int32Array) => Promise<OwnLogprobs>)
    | null;
  /** The largest difference between two logprobs of one token and the same weights, in nats. */
  readonly tolerance: number;
  readonly concurrency: number;
  readonly requestMs: number;
  readonly reloadMs: number;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** What a server answered to the probe when it was seen to have its weights. */
interface Verified {
  readonly sha256: string;
  readonly stamp: string;
  readonly answer: Completion;
}

/**
 * One server: gives it weight versions and draws responses from it, none of them unseen by a probe.
 *
 * After each reload, and after each response before it is believed, the server answers a fixed prompt; the answers
 * tell its weights. A response whose probe differs is thrown away, and the server gets its weights again.
 */
export class EngineServer {
  readonly #options: ServerOptions;
  readonly #gate: VersionGate;
  #verified: Verified | null = null;
  #trouble: string | null = null;
  #troubledAtMs = 0;
  #numStale = 0;
  #nextProbe: Promise<Attempt<Completion>> | null = null;
  #probing: Promise<unknown> = Promise.resolve();

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#gate = new VersionGate(options.concurrency, (version) => this.#switchTo(version));
  }

  get url(): string {
    return this.#options.client.url;
  }

  /** Requests under way and waiting. */
  get load(): number {
    return this.#gate.load;
  }

  /** What went wrong last, until something goes well. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** True for `ms` after it failed: others are asked first. */
  failedWithin(ms: number): boolean {
    return this.#trouble !== null && performance.now() - this.#troubledAtMs < ms;
  }

  /** True once it was seen to have the weights it was given, and while no try since has failed. */
  get isVerified(): boolean {
    return this.#gate.serving !== null;
  }

  /** How often it had other weights than it should. */
  get numStale(): number {
    return this.#numStale;
  }

  /** Gives the server a version before a job asks for it. */
  async prepare(version: number): Promise<void> {
    await this.#guarded(() => this.#gate.run(version, async () => ({ kind: 'done', value: null })));
  }

  /** Draws one response by exactly these weights. */
  complete(
    version: number,
    request: CompletionRequest,
    signal: AbortSignal,
  ): Promise<Attempt<Completion>> {
    const draw = async () => {
      const drawn = await this.#draw(request, signal);
      if (drawn.kind === 'again') return drawn;
      const probed = await this.#probeAgain();
      if (probed.kind === 'again') return probed;
      this.#checkUnchanged(probed.value, drawn.value);
      return drawn;
    };
    return this.#guarded(() => this.#gate.run(version, draw, signal));
  }

  /** Remembers how it went. A connection that broke may mean a server that was started anew, with other weights. */
  async #guarded<T>(work: () => Promise<Attempt<T>>): Promise<Attempt<T>> {
    try {
      const attempt = await work();
      this.#remember(attempt.kind === 'done' ? null : attempt.error.message);
      if (attempt.kind === 'again' && !attempt.isBusy) this.#gate.distrust();
      return attempt;
    } catch (error) {
      const code = error instanceof MgrpoError ? error.code : 'INTERNAL';
      if (code === 'CANCELLED') throw error;
      this.#remember(messageOf(error));
      if (!(error instanceof MgrpoError) || !['STALE_WEIGHTS', 'UNAVAILABLE'].includes(code)) {
        throw error;
      }
      this.#gate.distrust();
      return { kind: 'again', error, afterMs: null, isBusy: false };
    }
  }

  #remember(trouble: string | null): void {
    this.#trouble = trouble;
    this.#troubledAtMs = performance.now();
  }

  async #draw(request: CompletionRequest, signal: AbortSignal): Promise<Attempt<Completion>> {
    const { client, settings, requestMs: timeoutMs } = this.#options;
    const body = completionBody(request, settings);
    const answer = await client.call('/v1/completions', body, { timeoutMs, signal });
    if (answer.kind === 'again') return answer;
    return { kind: 'done', value: readCompletion(answer.value, request, settings, this.url) };
  }

  /** A probe that begins after this call; those who ask while one runs share the next. */
  #probeAgain(): Promise<Attempt<Completion>> {
    this.#nextProbe ??= this.#probing.then(() => {
      this.#nextProbe = null;
      const probe = this.#draw(this.#options.probe, this.#options.signal);
      this.#probing = probe.catch(() => {});
      return probe;
    });
    return this.#nextProbe;
  }

  /** @throws MgrpoError STALE_WEIGHTS when a response may be of other weights than those that were verified */
  #checkUnchanged(probe: Completion, drawn: Completion): void {
    const { stamp, answer } = this.#verified!;
    for (const { weightStamp } of [probe, drawn]) {
      if (weightStamp !== null && weightStamp !== stamp) {
        this.#refuse(`has the weights ${weightStamp}, not ${stamp}`);
      }
    }
    const difference = probeDifference(answer, probe);
    if (difference > this.#options.tolerance) {
      this.#refuse(
        `answers the probe with logprobs that differ by ${difference.toPrecision(3)} from those after its reload: it was started anew, or someone else gave it weights`,
      );
    }
  }

  async #switchTo(version: number): Promise<void> {
    const { client, folders, settings, reloadMs: timeoutMs, signal } = this.#options;
    const weights = folders.get(version);
    const stamp = weights.path.split('/').at(-1)!;
    for (const { path, body } of reloadCalls(settings.dialect, weights.path, stamp)) {
      const answer = await client.call(path, body, { timeoutMs, signal });
      if (answer.kind === 'again') throw answer.error;
      this.#checkReloaded(path, answer.value);
    }
    const probed = await this.#draw(this.#options.probe, signal);
    if (probed.kind === 'again') throw probed.error;
    await this.#verify(weights, stamp, probed.value);
    this.#verified = { sha256: weights.sha256, stamp, answer: probed.value };
    this.#remember(null);
  }

  /** SGLang says in its answer, with status 200 or 400, whether it worked. */
  #checkReloaded(path: string, answer: unknown): void {
    const said = answer as { success?: unknown; message?: unknown } | null;
    if (said?.success === false) this.#refuse(`answered ${path}: ${String(said.message)}`);
  }

  /** @throws MgrpoError STALE_WEIGHTS when the server has other weights than it was given */
  async #verify(weights: StoredWeights, stamp: string, answer: Completion): Promise<void> {
    const { ownLogprobs, tolerance } = this.#options;
    if (answer.weightStamp !== null && answer.weightStamp !== stamp) {
      this.#refuse(`has the weights ${answer.weightStamp} after reloading ${stamp}`);
    }
    if (this.#verified !== null) this.#compareWithBefore(this.#verified, weights, answer);
    if (ownLogprobs === null) return;
    const own = await ownLogprobs(weights, Int32Array.from(answer.tokens));
    const { largest, isRaw } = compareWithOwn(own, answer);
    if (isRaw) {
      const message = `engine server ${this.url} tells logprobs at temperature 1, not at the one that it samples with; start vLLM with --logprobs-mode processed_logprobs`;
      throw new MgrpoError('INCOMPATIBLE', message);
    }
    if (largest <= tolerance) return;
    this.#refuse(
      `answers the probe after reloading ${stamp} with logprobs that differ by ${largest.toPrecision(3)} from our own engine's (deployment.openai.probeTolerance ${tolerance}): it ignored the reload, or has another model`,
    );
  }

  /** The probe must change with the weights, to the last digit, and must not where they are the same. */
  #compareWithBefore(before: Verified, { sha256, path }: StoredWeights, answer: Completion): void {
    const isSame = before.sha256 === sha256;
    if (!isSame && isSameAnswer(before.answer, answer)) {
      this.#refuse(
        `answers the probe after reloading ${path} as it did with ${before.stamp}: it ignored the reload`,
      );
    }
    const difference = isSame ? probeDifference(before.answer, answer) : 0;
    if (difference > this.#options.tolerance) {
      this.#refuse(
        `answers the probe with logprobs that differ by ${difference.toPrecision(3)} from those it had with the same weights, ${path}: it ignored the reload`,
      );
    }
  }

  #refuse(what: string): never {
    this.#numStale++;
    throw new MgrpoError('STALE_WEIGHTS', `engine server ${this.url} ${what}`);
  }
}
