import type { EvaluationMeasure } from '../measure-policy.ts';
import type { StudyArm, StudyResult } from '../study-result.ts';
import type { EvaluationRecord, IterationRecord, Trial, TrialName } from '../trial-record.ts';

/** What a made-up trial measured. */
export interface MadeTrial extends TrialName {
  readonly purpose?: 'choose' | 'confirm';
  /** Greedy accuracies, one every 10 iterations from 0. */
  readonly greedy: readonly number[];
  readonly matched?: number;
  /** Whether it has momentum rollouts and a vote. */
  readonly hasVote?: boolean;
}

/** A trial with the given accuracies; sampled ones are 0.1 lower and pass@4 0.05 higher. */
export function madeTrial(made: MadeTrial): Trial {
  const { base, arm, seed, greedy, purpose = 'confirm', matched = 0.5, hasVote = true } = made;
  const numIterations = (greedy.length - 1) * 10;
  const momentum = hasVote ? 8 : 0;
  return {
    start: {
      kind: 'trial',
      study: 'made',
      base,
      arm,
      seed,
      purpose,
      rollouts: { policy: 32, momentum, trained: 32 },
      iterations: numIterations,
      sha256: `c${seed}`.padEnd(64, '0'),
    },
    iterations: Array.from({ length: numIterations }, (_, i) => madeIteration(i, hasVote)),
    evaluations: greedy.map((accuracy, i) => madeEvaluation(i * 10, accuracy)),
    end: {
      kind: 'end',
      seconds: 30,
      weightsSha256: `${arm}${seed}`.padEnd(64, '0'),
      matched: measure(matched),
    },
  };
}

/** A study of base `sums` with arms `srt` (the baseline) and `mgrpo`, and these trials. */
export function madeStudy(trials: readonly Trial[], rest: Partial<StudyResult> = {}): StudyResult {
  return {
    name: 'made',
    title: 'Made <up>',
    note: 'Is it "so"?',
    bases: [{ name: 'sums', title: 'Sums & more' }],
    arms: [madeArm('srt', 'SRT', 32), { ...madeArm('mgrpo', 'M-GRPO', 64), isOurs: true }],
    seeds: { choose: [1], confirm: [2, 3, 4] },
    baseline: 'srt',
    view: { kind: 'table' },
    measure: {
      maxProblems: null,
      everyIterations: 10,
      temperature: 0.8,
      samples: 4,
    },
    trials,
    numTrials: 8,
    ...rest,
  };
}

function madeArm(name: string, method: string, G: number): StudyArm {
  return {
    name,
    title: method,
    set: { 'algorithm.groupSize': G },
    factors: { method, G },
    isOurs: false,
  };
}

function measure(accuracy: number): EvaluationMeasure {
  return {
    temperature: 0.8,
    samples: 4,
    accuracy,
    majorityAccuracy: accuracy,
    passAtK: { 1: accuracy, 2: accuracy, 4: Math.min(1, accuracy + 0.15) },
    bareShare: null,
    topAnswerShare: 0.1,
    unanswered: 0,
    entropy: 0.6,
    responseTokens: 5,
  };
}

function madeEvaluation(iteration: number, accuracy: number): EvaluationRecord {
  const flips = {
    keptRight: 0.3,
    lostRight: 0.1,
    wonRight: 0.2,
    changedWrong: 0.1,
    keptWrong: 0.3,
  };
  return {
    kind: 'evaluation',
    iteration,
    greedy: measure(accuracy),
    sampled: measure(accuracy - 0.1),
    flips: iteration === 0 ? null : { sinceLast: flips, sinceBase: flips },
  };
}

function madeIteration(iteration: number, hasVote: boolean): IterationRecord {
  const orNull = (value: number) => (hasVote ? value : null);
  return {
    kind: 'iteration',
    iteration,
    reward: 0.5 + iteration / 100,
    labelAccuracy: orNull(0.7),
    accuracy: 0.6,
    voteShare: orNull(0.5),
    topLabelShare: orNull(0.25),
    disagreement: orNull(0.1),
    selfAgreement: 0.6,
    labelCollision: orNull(0.2),
    entropy: { policy: 0.6, momentum: orNull(0.7) },
    responseTokens: 5,
    low: {
      policyShare: 0.02,
      momentumShare: 0.01,
      count: 4,
      right: 1,
      others: 36,
      othersRight: 18,
      forLabel: 2,
      flipped: iteration % 2,
      flippedToRight: 0,
      flippedToWrong: iteration % 2,
    },
    gradientNorm: 0.5,
    kl: 0,
  };
}
