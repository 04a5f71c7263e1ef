import { durationText } from '../../progress/progress-text.ts';
import type { ProblemResult } from './result-folder.ts';

/** Where progress is written: process.stderr, so that the result stands alone on standard output. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Without a terminal, a line for each such share of the problems. */
const lineShare = 0.1;

/** Tells how far an evaluation is, how it goes and what time is left. */
export class EvalProgress {
  readonly #output: ProgressOutput;
  readonly #total: number;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #counts = new Map<string, { problems: number; right: number; responses: number }>();
  #done: number;
  #doneNow = 0;
  #toldAt = 0;

  /** @param done problems of an evaluation that goes on; they say nothing about the time left */
  constructor(
    output: ProgressOutput,
    { total, done, now }: { total: number; done: readonly ProblemResult[]; now: () => number },
  ) {
    this.#output = output;
    this.#total = total;
    this.#now = now;
    this.#startedAt = now();
    this.#done = done.length;
    this.#toldAt = done.length;
    for (const result of done) this.#count(result);
  }

  result(result: ProblemResult): void {
    this.#done += 1;
    this.#doneNow += 1;
    this.#count(result);
    const text = this.#line(result.benchmark);
    if (this.#output.isTTY === true) {
      const width = (this.#output.columns ?? 80) - 1;
      this.#output.write(`\r\u001b[2K${text.slice(0, width)}`);
    } else if (this.#done - this.#toldAt >= this.#total * lineShare || this.#done === this.#total) {
      this.#toldAt = this.#done;
      this.#output.write(`${text}\n`);
    }
  }

  /** Clears the line of a terminal. */
  end(): void {
    if (this.#output.isTTY === true && this.#doneNow > 0) this.#output.write('\r\u001b[2K');
  }

  #count({ benchmark, right }: ProblemResult): void {
    const count = this.#counts.get(benchmark) ?? { problems: 0, right: 0, responses: 0 };
    count.problems += 1;
    count.responses += right.length;
    count.right += right.filter((isRight) => isRight).length;
    this.#counts.set(benchmark, count);
  }

  #line(benchmark: string): string {
    const { right, responses, problems } = this.#counts.get(benchmark)!;
    const seconds = (this.#now() - this.#startedAt) / 1000;
    const left = ((this.#total - this.#done) * seconds) / this.#doneNow;
    return [
      `${this.#done}/${this.#total} problems`,
      `${benchmark} ${((100 * right) / responses).toFixed(1)} % of ${problems}`,
      this.#done === this.#total ? 'done' : `${durationText(left)} left`,
    ].join(' · ');
  }
}
