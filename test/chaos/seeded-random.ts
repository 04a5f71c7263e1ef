import { randomBelow, streamKey } from '@mgrpo/algorithm';

/** Random choices of the chaos test: a function of seed and stream alone, so that a failure can be had again. */
export class SeededRandom {
  readonly #key;
  #drawn = 0;

  constructor(seed: number, stream: number) {
    this.#key = streamKey({ seed, purpose: 'direct', iteration: stream });
  }

  below(bound: number): number {
    return randomBelow(this.#key, this.#drawn++, bound);
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('nothing to choose from');
    return items[this.below(items.length)]!;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const rest = [...items];
    return items.map(() => rest.splice(this.below(rest.length), 1)[0]!);
  }
}
