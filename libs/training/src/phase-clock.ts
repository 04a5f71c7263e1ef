/** Adds up seconds by phase. */
export class PhaseClock {
  readonly seconds = { reference: 0, gradients: 0, update: 0 };
  readonly #now: () => number;
  #last: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#last = now();
  }

  /** Books the time since the last call on `phase`. */
  charge(phase: keyof PhaseClock['seconds']): void {
    const now = this.#now();
    this.seconds[phase] += (now - this.#last) / 1000;
    this.#last = now;
  }
}
