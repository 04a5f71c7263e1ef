import type { MgrpoError } from '@mgrpo/errors';
import type { ModelConfig, Quantisation } from '@mgrpo/model';
import { type Device, type Engine, startEngine } from '@mgrpo/runtime';
import type { GenerationHandlers } from './engine-thread.ts';
import type { GenerationStats, GeneratorOptions } from './generator.ts';
import type { GenerationRequest, Rollout } from './request.ts';
import type { RolloutEngine } from './rollout-engine.ts';

export interface GenerationOptions {
  readonly model: ModelConfig;
  /** The most rollouts that decode at once; memory is taken as they come, not up front. */
  readonly slots: number;
  readonly device: Device;
  /** Ids from here on are never drawn; give the tokenizer's size. Default: the model's vocabulary. */
  readonly numTokens?: number;
  /** How the weights are rounded that training rollouts decode with, on the CPU; null, the default: not at all. */
  readonly quantisation?: Quantisation | null;
}

/**
 * Samples rollouts in an engine thread of its own, on one core.
 *
 * A rollout is a function of its request, its index and the weights, bit for bit: never of the other
 * requests, their number or their timing (design.md section 7).
 */
export class GenerationEngine implements RolloutEngine {
  readonly #engine: Engine<GenerationHandlers>;
  readonly #versions = new Set<number>();

  private constructor(engine: Engine<GenerationHandlers>) {
    this.#engine = engine;
  }

  static async start(options: GenerationOptions): Promise<GenerationEngine> {
    const { vocabSize } = options.model;
    const numTokens = Math.min(options.numTokens ?? vocabSize, vocabSize);
    const { quantisation = null } = options;
    const init: GeneratorOptions = { ...options, numTokens, quantisation };
    const url = new URL('./engine-thread.ts', import.meta.url);
    return new GenerationEngine(await startEngine(url, init, { name: 'generation' }));
  }

  /** Settles when the thread has ended: `undefined` after `close()`, the error after a crash. */
  get ended(): Promise<MgrpoError | undefined> {
    return this.#engine.ended;
  }

  /** Sends a weight version as a flat array, which is copied. Sent again, it replaces what was there. */
  async setWeights(version: number, flat: Float32Array): Promise<void> {
    // A structured clone copies the whole buffer of a view, and ONNX Runtime refuses shared memory.
    const isWhole =
      flat.buffer instanceof ArrayBuffer && flat.byteLength === flat.buffer.byteLength;
    const own = isWhole ? flat : flat.slice();
    await this.#engine.call('setWeights', { version, flat: own });
    this.#versions.add(version);
  }

  /** Forgets a version. Rollouts under way finish with it. */
  async dropWeights(version: number): Promise<void> {
    this.#versions.delete(version);
    await this.#engine.call('dropWeights', version);
  }

  /** The weight versions held, in order. */
  versions(): readonly number[] {
    return [...this.#versions].sort((a, b) => a - b);
  }

  notReady(): string | null {
    return this.#versions.size === 0 ? 'waiting-for-weights' : null;
  }

  /**
   * Samples the rollouts of one request, in order of their index. Several requests share one batch.
   *
   * @throws MgrpoError STALE_WEIGHTS when the version is not held, CANCELLED when `signal` aborts
   */
  generate(request: GenerationRequest, signal?: AbortSignal): Promise<Rollout[]> {
    return this.#engine.call('generate', request, { signal });
  }

  stats(): Promise<GenerationStats> {
    return this.#engine.call('stats', undefined);
  }

  /** Cancels what is under way and ends the thread; idempotent. */
  close(): Promise<void> {
    return this.#engine.close();
  }
}
