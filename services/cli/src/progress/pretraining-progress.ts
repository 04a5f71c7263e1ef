import type { PretrainingStep } from '@mgrpo/training';
import type { Output } from './progress-printer.ts';
import { durationText } from './progress-text.ts';
import { sparkLine } from './spark-line.ts';

// Between two lines where the output is no terminal, and between two redrawings where it is one.
const stepsPerLine = 50;
const redrawMs = 100;

/** Shows how pretraining goes: a line that is redrawn on a terminal, lines elsewhere, or JSON lines. */
export class PretrainingProgress {
  readonly #output: Output;
  readonly #options: { readonly json: boolean; readonly total: number; readonly now: () => number };
  readonly #losses: number[] = [];
  readonly #startedAt: number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  /** @param options `now` in milliseconds */
  constructor(
    output: Output,
    options: { readonly json: boolean; readonly total: number; readonly now: () => number },
  ) {
    this.#output = output;
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Something for people; not part of the JSON. */
  notice(message: string): void {
    if (this.#options.json) return;
    this.#output.write(`${this.#isDrawn ? '\n' : ''}${message}\n`);
    this.#isDrawn = false;
  }

  step(step: PretrainingStep): void {
    const { json, total, now } = this.#options;
    this.#losses.push(step.loss);
    if (json) {
      this.#output.write(`${JSON.stringify({ kind: 'step', ...step })}\n`);
    } else if (this.#output.isTTY !== true) {
      if (step.step % stepsPerLine !== 0 && step.step !== total) return;
      this.#output.write(`${this.#line(step)}\n`);
    } else if (now() - this.#drawnAt >= redrawMs || step.step === total) {
      const width = (this.#output.columns ?? 80) - 1;
      this.#output.write(`\r\u001b[K${this.#line(step).slice(0, width)}`);
      this.#drawnAt = now();
      this.#isDrawn = true;
    }
  }

  #line({ step }: PretrainingStep): string {
    const { total, now } = this.#options;
    const recent = this.#losses.slice(-stepsPerLine);
    const loss = recent.reduce((sum, value) => sum + value, 0) / recent.length;
    const secondsLeft = (((now() - this.#startedAt) / step) * (total - step)) / 1000;
    const curve = sparkLine(this.#losses, { width: 20 });
    return `step ${step}/${total} · loss ${loss.toFixed(3)} ${curve} · ${durationText(secondsLeft)} left`;
  }
}
