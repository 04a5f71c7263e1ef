import { mean } from '../statistics.ts';
import type { SeedPurpose, Trial, TrialName } from '../trial-record.ts';

/** Numbers of a trial that arms are compared by; accuracies are shares of the held-out problems. */
export interface TrialMeasures {
  /** Highest greedy accuracy of all evaluations, the untrained base among them. */
  readonly best: number;
  /** Greedy accuracy after the last iteration. */
  readonly final: number;
  readonly finalMinusBest: number;
  /** After the last iteration, at the temperature of the sampled evaluation. */
  readonly sampled: number;
  /** After the last iteration, with as many samples as were taken. */
  readonly passAtK: number;
  /** Of the final policy with its logits rescaled to the base's entropy. */
  readonly matched: number;
  /** `matched` minus the base's accuracy at that entropy: what was learned besides sharpness. */
  readonly matchedGain: number;
  /** Mean reward over the last iterations. */
  readonly selfReward: number;
  /** Entropy (nats) of the policy after the last iteration. */
  readonly entropy: number;
}

export interface TrialSummary extends TrialName {
  readonly purpose: SeedPurpose;
  readonly measures: TrialMeasures;
  /** Iterations applied when greedy accuracy was best first. */
  readonly bestIteration: number;
  /** Iterations applied at the first evaluation more than 10 points below the best before it; null: none. */
  readonly fallIteration: number | null;
}

// One iteration's reward is of few prompts.
const lastIterations = 10;
const fall = 0.1;

/** Reads a trial's numbers off its records. */
export function summarizeTrial({ start, iterations, evaluations, end }: Trial): TrialSummary {
  const [base, last] = [evaluations[0]!, evaluations.at(-1)!];
  const best = evaluations.reduce((top, one) =>
    one.greedy.accuracy > top.greedy.accuracy ? one : top,
  );
  const final = last.greedy.accuracy;
  return {
    base: start.base,
    arm: start.arm,
    seed: start.seed,
    purpose: start.purpose,
    bestIteration: best.iteration,
    fallIteration: fallIteration(evaluations.map((one) => [one.iteration, one.greedy.accuracy])),
    measures: {
      best: best.greedy.accuracy,
      final,
      finalMinusBest: final - best.greedy.accuracy,
      sampled: last.sampled.accuracy,
      passAtK: Object.values(last.sampled.passAtK).at(-1)!,
      matched: end.matched.accuracy,
      matchedGain: end.matched.accuracy - base.sampled.accuracy,
      selfReward: mean(iterations.slice(-lastIterations).map(({ reward }) => reward)),
      entropy: last.sampled.entropy,
    },
  };
}

function fallIteration(accuracies: readonly (readonly [number, number])[]): number | null {
  let best = -Infinity;
  for (const [iteration, accuracy] of accuracies) {
    best = Math.max(best, accuracy);
    // A fall of 10 points exactly is none, whatever the subtraction rounds to.
    if (best - accuracy > fall + 1e-9) return iteration;
  }
  return null;
}
