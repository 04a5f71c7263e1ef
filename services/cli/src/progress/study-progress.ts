import { type PlannedTrial, type StudyEvent, type Trial, trialCost } from '@mgrpo/study';
import type { Output } from './progress-printer.ts';
import { durationText } from './progress-text.ts';

const redrawMs = 200;

export interface StudyProgressOptions {
  readonly json: boolean;
  readonly trials: readonly PlannedTrial[];
  /** Milliseconds. */
  readonly now: () => number;
}

/** Shows how a study goes: one line a trial, below them on a terminal what is under way; or JSON lines. */
export class StudyProgress {
  readonly #output: Output;
  readonly #options: StudyProgressOptions;
  readonly #costs: ReadonlyMap<string, number>;
  readonly #startedAt: number;
  /** Iterations applied of the trials under way. */
  readonly #running = new Map<PlannedTrial, number>();
  /** Cost of what is finished or has failed, and of the part of it that this start has run to its end. */
  #done = 0;
  #run = 0;
  #numDone = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(output: Output, options: StudyProgressOptions) {
    this.#output = output;
    this.#options = options;
    this.#costs = new Map(options.trials.map((trial) => [nameOf(trial), trialCost(trial)]));
    this.#startedAt = options.now();
  }

  /** Something for people; not part of the JSON. */
  notice(message: string): void {
    if (!this.#options.json) this.#print(message);
  }

  event(event: StudyEvent): void {
    if (event.kind === 'started') this.#running.set(event.planned, 0);
    if (event.kind === 'applied') this.#running.set(event.planned, event.iterations);
    if (event.kind === 'finished' || event.kind === 'kept') this.#finish(event);
    if (event.kind === 'failed') this.#giveUp(event.planned);
    if (this.#options.json) this.#writeJson(event);
    else if (event.kind === 'failed') {
      this.#print(`${nameOf(event.planned)} failed: ${event.message}`);
    } else if (event.kind === 'finished') this.#print(this.#trialLine(event.trial));
    else if (event.kind === 'applied' && this.#output.isTTY === true) this.#redraw();
  }

  /** The last word: a text for people, or where the report is and how much of it, as a line of JSON. */
  end(message: string, report: { report: string; finished: number; planned: number }): void {
    if (this.#options.json) this.#output.write(`${JSON.stringify({ kind: 'end', ...report })}\n`);
    else this.#print(message);
  }

  /** What has failed is not run again by this start. */
  #giveUp(planned: PlannedTrial): void {
    this.#running.delete(planned);
    this.#done += trialCost(planned);
  }

  #finish({ kind, trial }: { kind: 'kept' | 'finished'; trial: Trial }): void {
    const name = nameOf(trial.start);
    const cost = this.#costs.get(name) ?? 0;
    this.#numDone += 1;
    this.#done += cost;
    if (kind === 'finished') this.#run += cost;
    const planned = [...this.#running.keys()].find((running) => nameOf(running) === name);
    if (planned) this.#running.delete(planned);
  }

  #writeJson(event: StudyEvent): void {
    if (event.kind === 'applied' || event.kind === 'started') return;
    const line =
      event.kind === 'failed'
        ? { kind: event.kind, trial: nameOf(event.planned), message: event.message }
        : { kind: event.kind, trial: nameOf(event.trial.start), ...outcomeOf(event.trial) };
    this.#output.write(`${JSON.stringify(line)}\n`);
  }

  #print(message: string): void {
    this.#output.write(`${this.#isDrawn ? '\r\u001b[K' : ''}${message}\n`);
    this.#isDrawn = false;
  }

  #trialLine(trial: Trial): string {
    const { best, final, seconds } = outcomeOf(trial);
    const count = `[${this.#numDone}/${this.#options.trials.length}]`;
    const result = `greedy ${best.toFixed(3)} → ${final.toFixed(3)}`;
    return `${count} ${nameOf(trial.start)}: best → final ${result} (${Math.round(seconds)} s) · ${this.#timeLeft()}`;
  }

  #redraw(): void {
    if (this.#options.now() - this.#drawnAt < redrawMs) return;
    const running = [...this.#running].map(
      ([planned, applied]) => `${nameOf(planned)} ${applied}/${planned.config.iterations}`,
    );
    const line = `${this.#numDone}/${this.#options.trials.length} · ${running.join(' · ')} · ${this.#timeLeft()}`;
    const width = (this.#output.columns ?? 80) - 1;
    this.#output.write(`\r\u001b[K${line.slice(0, width)}`);
    this.#drawnAt = this.#options.now();
    this.#isDrawn = true;
  }

  /** From the work that this start has done, by rollouts: arms differ in how many they sample. */
  #timeLeft(): string {
    const underWay = [...this.#running].reduce((sum, [planned, applied]) => {
      return sum + (trialCost(planned) * applied) / planned.config.iterations;
    }, 0);
    const run = this.#run + underWay;
    if (run === 0) return 'time left unknown yet';
    const total = [...this.#costs.values()].reduce((sum, cost) => sum + cost, 0);
    const elapsedMs = this.#options.now() - this.#startedAt;
    return `${durationText(((total - this.#done - underWay) * elapsedMs) / run / 1000)} left`;
  }
}

function outcomeOf({ evaluations, end }: Trial): { best: number; final: number; seconds: number } {
  const greedy = evaluations.map((evaluation) => evaluation.greedy.accuracy);
  return { best: Math.max(...greedy), final: greedy.at(-1)!, seconds: end.seconds };
}

function nameOf({ base, arm, seed }: { base: string; arm: string; seed: number }): string {
  return `${base} · ${arm} · seed ${seed}`;
}
