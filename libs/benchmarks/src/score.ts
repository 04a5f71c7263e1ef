import { majorityAnswer } from './answer-tally.ts';
import { accuracyInterval, type Interval } from './interval.ts';
import { passAtK, passCounts } from './pass-at-k.ts';

/** How the samples of one problem did. */
export interface ProblemOutcome {
  /** One for each sample: what `Verdict` has, and the length. */
  readonly answers: readonly (string | null)[];
  readonly right: readonly boolean[];
  readonly tokens: readonly number[];
  /** Responses cut at their limit. */
  readonly numCut: number;
}

/** What a benchmark finds of a model. */
export interface BenchmarkScore {
  readonly problems: number;
  readonly samples: number;
  /** Share of right responses: the mean over problems of the mean over samples. */
  readonly accuracy: number;
  readonly interval: Interval;
  /** pass@k by k. */
  readonly passAt: Readonly<Record<number, number>>;
  /** Share of problems whose most common answer is right; null where answers can't be compared (Python). */
  readonly majority: number | null;
  readonly unanswered: number;
  /** Share of responses cut at their limit. */
  readonly cut: number;
  /** Mean length of a response (tokens). */
  readonly responseTokens: number;
}

/** Sums up a benchmark; outcomes are in the order of the problems, with equally many samples each. */
export function scoreBenchmark(
  outcomes: readonly ProblemOutcome[],
  { hasMajority }: { readonly hasMajority: boolean },
): BenchmarkScore {
  const samples = outcomes[0]?.right.length ?? 0;
  const problems = outcomes.length;
  const rightCounts = outcomes.map(({ right }) => count(right));
  const mean = (of: (outcome: ProblemOutcome, index: number) => number) =>
    outcomes.reduce((sum, outcome, index) => sum + of(outcome, index), 0) / problems;
  const passAt = passCounts(samples).map((k) => [
    k,
    mean((_, i) => passAtK(samples, rightCounts[i]!, k)),
  ]);
  return {
    problems,
    samples,
    // Whole numbers first, so that the share is the nearest number to the fraction.
    accuracy: rightCounts.reduce((sum, n) => sum + n, 0) / (problems * samples),
    interval: accuracyInterval(
      rightCounts.map((n) => n / samples),
      samples,
    ),
    passAt: Object.fromEntries(passAt),
    majority: hasMajority ? mean((outcome) => (isMajorityRight(outcome) ? 1 : 0)) : null,
    unanswered: mean(({ answers }) => count(answers.map((answer) => answer === null))) / samples,
    cut: mean(({ numCut }) => numCut) / samples,
    responseTokens: mean(({ tokens }) => tokens.reduce((sum, n) => sum + n, 0)) / samples,
  };
}

/** Equal answers are right or wrong together, so any sample that gave the answer tells. */
function isMajorityRight({ answers, right }: ProblemOutcome): boolean {
  const majority = majorityAnswer(answers);
  return majority !== null && right[answers.indexOf(majority)] === true;
}

function count(flags: readonly boolean[]): number {
  return flags.filter((flag) => flag).length;
}
