import { setTimeout as sleep } from 'node:timers/promises';
import { normal, type RandomKey, streamKey, uniform } from '@mgrpo/algorithm';
import type { GenerationRequest, GenerationStats, Rollout, RolloutEngine } from '@mgrpo/generation';
import { Responses } from './responses.ts';

export interface SimulatedEngineOptions {
  /** Of the longest response. */
  tokens: number;
  milliseconds: number;
  /** Lengths are log-normal (median a quarter of the longest, sigma 1), cut at the longest; else all are that long. */
  heavyTail: boolean;
}

const shortest = 16;

/** An engine that sleeps for as long as a GPU would take for the longest of a request's responses. */
export class SimulatedEngine implements RolloutEngine {
  readonly ended = new Promise<undefined>(() => {});
  readonly #options: SimulatedEngineOptions;
  readonly #responses: Responses;
  readonly #versions = new Set<number>();
  #busyMs = 0;
  #numTokens = 0;

  constructor(options: SimulatedEngineOptions) {
    this.#options = options;
    this.#responses = new Responses(options.tokens);
  }

  get busyMs(): number {
    return this.#busyMs;
  }

  async setWeights(version: number): Promise<void> {
    this.#versions.add(version);
  }

  async dropWeights(version: number): Promise<void> {
    this.#versions.delete(version);
  }

  versions(): readonly number[] {
    return [...this.#versions].sort((a, b) => a - b);
  }

  notReady(): null {
    return null;
  }

  /** Seeded: the same request, the same rollouts. */
  async generate(request: GenerationRequest): Promise<Rollout[]> {
    const { stream, firstRollout, numRollouts } = request;
    const { tokens, milliseconds } = this.#options;
    const rollouts = Array.from({ length: numRollouts }, (_, i): Rollout => {
      const index = firstRollout + i;
      const key = streamKey({ ...stream, rollout: index });
      const length = this.#length(key);
      return { index, ...this.#responses.response(uniform(key, 1), length) };
    });
    const longest = Math.max(...rollouts.map((rollout) => rollout.tokens.length));
    const busyMs = (milliseconds * longest) / tokens;
    this.#busyMs += busyMs;
    this.#numTokens += rollouts.reduce((sum, rollout) => sum + rollout.tokens.length, 0);
    if (busyMs > 0) await sleep(busyMs);
    return rollouts;
  }

  async stats(): Promise<GenerationStats> {
    const idle = { slots: 0, activeRollouts: 0, waitingRollouts: 0, cacheBytes: 0 };
    const done = { numResponseTokens: this.#numTokens, numSteps: 0, numPromptsRead: 0 };
    return { ...idle, ...done, busyMs: this.#busyMs };
  }

  async close(): Promise<void> {}

  #length(key: RandomKey): number {
    const { tokens, heavyTail } = this.#options;
    if (!heavyTail) return tokens;
    return Math.round(
      Math.min(tokens, Math.max(shortest, (tokens / 4) * Math.exp(normal(key, 0)))),
    );
  }
}
