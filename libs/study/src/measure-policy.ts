import { majorityAnswer, passAtK } from '@mgrpo/benchmarks';
import type { Rollout } from '@mgrpo/generation';
import type { OneProcessRun } from './one-process-run.ts';
import type { Problem } from './problems.ts';
import { mean, share, topShare } from './statistics.ts';
import type { LabelFlips } from './trial-record.ts';

/** How a policy answers problems it never trained on. */
export interface EvaluationMeasure {
  readonly temperature: number;
  /** Samples of each problem. */
  readonly samples: number;
  /** Share of all responses that are right. */
  readonly accuracy: number;
  /** Share of problems whose majority answer is right. */
  readonly majorityAccuracy: number;
  /** By k, the powers of 2 up to `samples`. */
  readonly passAtK: Readonly<Record<string, number>>;
  /** Share of responses that show no work before the arrow; null where answers have no arrow. */
  readonly bareShare: number | null;
  /** Share of the most common answer: near 1 when the policy has collapsed to one constant. */
  readonly topAnswerShare: number;
  /** Share of responses without an answer. */
  readonly unanswered: number;
  /** Mean over responses of the mean token entropy (nats) at the temperature (at 1 where that is 0). */
  readonly entropy: number;
  readonly responseTokens: number;
}

/** An evaluation with the majority answer of every problem, for flips. */
export interface PolicyAnswers {
  readonly measure: EvaluationMeasure;
  readonly majorities: readonly (string | null)[];
}

/** Samples and scores the present policy. @param temperature 0: greedy */
export async function measurePolicy(
  run: OneProcessRun,
  problems: readonly Problem[],
  options: { readonly temperature: number; readonly samples: number },
): Promise<PolicyAnswers> {
  const groups = await run.sample(problems, options);
  const answers = groups.map((rollouts) => rollouts.map((rollout) => run.answer(rollout)));
  const all = groups.flat();
  const majorities = answers.map((given) => majorityAnswer(given));
  const numRight = answers.map(
    (given, p) => given.filter((answer) => answer === problems[p]!.answer).length,
  );
  const measure = {
    ...options,
    accuracy: mean(numRight) / options.samples,
    majorityAccuracy: share([...problems.entries()], ([p, { answer }]) => majorities[p] === answer),
    passAtK: passAtPowersOf2(numRight, options.samples),
    bareShare: run.hasArrows ? share(all, (rollout) => run.text(rollout).startsWith('>')) : null,
    topAnswerShare: topShare(answers.flat().filter((answer) => answer !== null)),
    unanswered: share(answers.flat(), (answer) => answer === null),
    entropy: mean(all.map(entropyOf)),
    responseTokens: mean(all.map(({ tokens }) => tokens.length)),
  };
  return { measure, majorities };
}

function entropyOf({ entropies }: Rollout): number {
  return mean([...entropies]);
}

function passAtPowersOf2(numRight: readonly number[], samples: number): Record<string, number> {
  const passes: Record<string, number> = {};
  for (let k = 1; k <= samples; k *= 2) {
    passes[k] = mean(numRight.map((right) => passAtK(samples, right, k)));
  }
  return passes;
}

/** How majority answers moved between two evaluations of the same problems. */
export function labelFlips(
  problems: readonly Problem[],
  before: readonly (string | null)[],
  now: readonly (string | null)[],
): LabelFlips {
  const moves = problems.map(({ answer }, p): keyof LabelFlips => {
    const [old, given] = [before[p]!, now[p]!];
    if (old === answer) return given === answer ? 'keptRight' : 'lostRight';
    if (given === answer) return 'wonRight';
    return old === given ? 'keptWrong' : 'changedWrong';
  });
  const of = (kind: keyof LabelFlips) => share(moves, (move) => move === kind);
  return {
    keptRight: of('keptRight'),
    lostRight: of('lostRight'),
    wonRight: of('wonRight'),
    changedWrong: of('changedWrong'),
    keptWrong: of('keptWrong'),
  };
}

// Temperatures of the search, and its rounds: the temperature is then known to 1 %. What is reached is recorded: with
// 256 problems of 8 samples within 5 % of the entropy asked for, by the noise of the samples that steer.
const temperatures = [0.01, 8] as const;
const numRounds = 10;

/**
 * The policy with its logits rescaled until its entropy is `entropy`: two policies compared so differ in what
 * they know, not in how sharp they are.
 *
 * @param entropy nats, as `measurePolicy` gives it at the evaluation temperature
 */
export async function measureAtEntropy(
  run: OneProcessRun,
  problems: readonly Problem[],
  { entropy, samples }: { readonly entropy: number; readonly samples: number },
): Promise<EvaluationMeasure> {
  let [low, high]: [number, number] = [...temperatures];
  for (let round = 0; ; round++) {
    const temperature = Math.sqrt(low * high);
    const isLast = round === numRounds;
    // A quarter of the samples is enough to steer by.
    const options = { temperature, samples: isLast ? samples : Math.ceil(samples / 4) };
    const { measure } = await measurePolicy(run, problems, options);
    if (isLast) return measure;
    if (measure.entropy < entropy) low = temperature;
    else high = temperature;
  }
}
