import { rolloutCounts } from '@mgrpo/algorithm';
import { weightsSha256 } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { measureIteration } from './measure-iteration.ts';
import {
  labelFlips,
  measureAtEntropy,
  measurePolicy,
  type PolicyAnswers,
} from './measure-policy.ts';
import { OneProcessRun, type StudiedIteration } from './one-process-run.ts';
import type { Problem } from './problems.ts';
import type { EvaluationRecord, TrialName, TrialRecord, TrialStart } from './trial-record.ts';

/** How the trials of a study are measured; the same for all of them. */
export interface MeasureOptions {
  /** Prompts with answers that nothing was trained on. */
  readonly problems: string;
  /** The first of the file; null: all. */
  readonly maxProblems: number | null;
  readonly everyIterations: number;
  /** Of the sampled pass, besides the greedy one. */
  readonly temperature: number;
  readonly samples: number;
}

export interface TrialOptions extends Pick<TrialStart, 'study' | 'purpose' | 'sha256'>, TrialName {
  /** With the arm's settings and the trial's seed in it. */
  readonly config: RunConfig;
  readonly measure: MeasureOptions;
}

export interface TrialSink {
  record(record: TrialRecord): void;
  /** The groups themselves, gold answers included, for `mgrpo replay`. */
  iteration(iteration: StudiedIteration): void;
}

/** Trains one arm with one seed from one base, measuring on the way. */
export async function runTrial(trial: TrialOptions, sink: TrialSink): Promise<void> {
  const { config, measure } = trial;
  const start = performance.now();
  sink.record(trialStart(trial));
  const run = await OneProcessRun.open(config);
  try {
    const problems = (await run.problems(measure.problems)).slice(
      0,
      measure.maxProblems ?? undefined,
    );
    const evaluator = new Evaluator(run, problems, measure);
    const base = await evaluator.evaluate();
    sink.record(base);
    while (run.applied < config.iterations) {
      const iteration = await run.next();
      sink.record({
        kind: 'iteration',
        iteration: iteration.iteration,
        ...measureIteration(iteration, config.algorithm),
      });
      sink.iteration(iteration);
      const isLast = run.applied === config.iterations;
      if (run.applied % measure.everyIterations === 0 || isLast) {
        sink.record(await evaluator.evaluate());
      }
    }
    const { entropy } = base.sampled;
    const matched = await measureAtEntropy(run, problems, { entropy, samples: measure.samples });
    const sha256 = weightsSha256(await run.weights());
    const seconds = (performance.now() - start) / 1000;
    sink.record({ kind: 'end', seconds, weightsSha256: sha256, matched });
  } finally {
    await run.close();
  }
}

function trialStart({ config, measure: _measure, ...rest }: TrialOptions): TrialStart {
  const rollouts = rolloutCounts(config.algorithm);
  return { kind: 'trial', ...rest, rollouts, iterations: config.iterations };
}

/** Evaluates a run again and again and remembers what flips are counted against. */
class Evaluator {
  readonly #run: OneProcessRun;
  readonly #problems: readonly Problem[];
  readonly #options: MeasureOptions;
  #base: PolicyAnswers['majorities'] | null = null;
  #last: PolicyAnswers['majorities'] | null = null;

  constructor(run: OneProcessRun, problems: readonly Problem[], options: MeasureOptions) {
    this.#run = run;
    this.#problems = problems;
    this.#options = options;
  }

  async evaluate(): Promise<EvaluationRecord> {
    const { temperature, samples } = this.#options;
    const greedy = await measurePolicy(this.#run, this.#problems, { temperature: 0, samples: 1 });
    const sampled = await measurePolicy(this.#run, this.#problems, { temperature, samples });
    const flips =
      this.#base === null || this.#last === null
        ? null
        : {
            sinceLast: labelFlips(this.#problems, this.#last, sampled.majorities),
            sinceBase: labelFlips(this.#problems, this.#base, sampled.majorities),
          };
    this.#base ??= sampled.majorities;
    this.#last = sampled.majorities;
    const { applied } = this.#run;
    const measures = { greedy: greedy.measure, sampled: sampled.measure };
    return { kind: 'evaluation', iteration: applied, ...measures, flips };
  }
}
