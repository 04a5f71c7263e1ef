/** When the rollout jobs of each iteration ended, and how long the last kept the others waiting. */
export class Stragglers {
  #ended = new Map<number, number[]>();

  add(jobs: readonly (readonly [iteration: number, atMs: number])[]): void {
    for (const [iteration, atMs] of jobs) {
      const times = this.#ended.get(iteration) ?? [];
      times.push(atMs);
      this.#ended.set(iteration, times);
    }
  }

  restart(): void {
    this.#ended = new Map();
  }

  /** Seconds before the end of an iteration's last job at which half and nine tenths had ended; means over iterations. */
  seconds(from: number, to: number): { afterHalf: number; afterNineTenths: number } {
    const iterations = [...this.#ended].filter(([t]) => t >= from && t < to);
    const mean = (share: number) =>
      iterations.reduce((sum, [, times]) => sum + lastAfter(times, share), 0) /
      Math.max(1, iterations.length);
    return { afterHalf: mean(0.5), afterNineTenths: mean(0.9) };
  }
}

function lastAfter(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted.at(-1)! - sorted[Math.floor(share * (sorted.length - 1))]!) / 1000;
}
