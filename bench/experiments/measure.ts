import type { Rollout } from '@mgrpo/generation';
import type { OneProcessRun, Problem, StudiedIteration } from './one-process-run.ts';

/** What one iteration's groups look like, against the gold answers that the run itself never sees. */
export interface IterationMeasure {
  /** Mean reward of the policy rollouts: the agreement with the pseudo-label, what the policy is trained on. */
  readonly reward: number;
  /** Share of prompts whose pseudo-label is right. */
  readonly labelAccuracy: number;
  /** Share of policy rollouts that are right. */
  readonly accuracy: number;
  readonly voteShare: number;
  /** Share of the most common pseudo-label among the prompts. */
  readonly topLabelShare: number;
  readonly entropy: number;
  readonly responseTokens: number;
  /** Share of rollouts that the filter dropped. */
  readonly dropped: number;
  readonly gradientNorm: number;
  /** Before its coefficient. */
  readonly kl: number;
}

export function measureIteration({ groups, train }: StudiedIteration): IterationMeasure {
  const members = groups.flatMap(({ problem, verdict }) =>
    verdict.members.map((member) => ({ ...member, gold: problem.answer })),
  );
  const policy = members.filter(({ role }) => role === 'policy');
  const majorities = groups.flatMap(({ problem, verdict: { label } }) =>
    label.kind === 'majority' ? [{ ...label, gold: problem.answer }] : [],
  );
  const step = train.kind === 'trained' ? train.steps[0] : undefined;
  return {
    reward: mean(policy.map(({ outcome }) => (outcome.kind === 'kept' ? outcome.reward : 0))),
    labelAccuracy: share(majorities, ({ answer, gold }) => answer === gold),
    accuracy: share(policy, ({ answer, gold }) => answer === gold),
    voteShare: mean(majorities.map((majority) => majority.share)),
    topLabelShare: topShare(majorities.map(({ answer }) => answer)),
    entropy: mean(policy.map((member) => member.entropy)),
    responseTokens: mean(policy.map((member) => member.numTokens)),
    dropped: share(
      members,
      ({ outcome }) => outcome.kind === 'dropped' && outcome.reason === 'low-entropy',
    ),
    gradientNorm: step?.gradientNorm ?? 0,
    kl: step?.policy?.kl ?? 0,
  };
}

/** How a policy answers problems it never trained on. */
export interface EvaluationMeasure {
  readonly temperature: number;
  /** Share of all responses that are right. */
  readonly accuracy: number;
  /** Share of problems whose majority answer is right. */
  readonly majorityAccuracy: number;
  /** Share of responses that show no work, and how many of these and of the others are right. */
  readonly bareShare: number;
  readonly bareAccuracy: number;
  readonly workedAccuracy: number;
  /** Share of the most common answer: near 1 when the policy has collapsed to one constant. */
  readonly topAnswerShare: number;
  /** Mean over responses of the mean token entropy, nats, at the temperature (1 where that is 0). */
  readonly entropy: number;
}

/** Samples and scores the present policy. @param temperature 0: greedy */
export async function measurePolicy(
  run: OneProcessRun,
  problems: readonly Problem[],
  options: { readonly temperature: number; readonly samples: number },
): Promise<EvaluationMeasure> {
  const groups = await run.sample(problems, options);
  const answers = groups.map((rollouts) => rollouts.map((rollout) => run.answer(rollout)));
  const responses = groups.flatMap((rollouts, p) =>
    rollouts.map((rollout, r) => ({
      isBare: run.text(rollout).startsWith('>'),
      isRight: answers[p]![r] === problems[p]!.answer,
      entropy: entropyOf(rollout),
    })),
  );
  const isRight = (response: (typeof responses)[number]) => response.isRight;
  const bare = responses.filter(({ isBare }) => isBare);
  return {
    temperature: options.temperature,
    accuracy: share(responses, isRight),
    majorityAccuracy: share([...problems.entries()], ([p, problem]) => {
      return majority(answers[p]!) === problem.answer;
    }),
    bareShare: bare.length / responses.length,
    bareAccuracy: share(bare, isRight),
    workedAccuracy: share(
      responses.filter(({ isBare }) => !isBare),
      isRight,
    ),
    topAnswerShare: topShare(answers.flat().filter((answer) => answer !== null)),
    entropy: mean(responses.map(({ entropy }) => entropy)),
  };
}

function entropyOf({ entropies }: Rollout): number {
  return mean([...entropies]);
}

function majority(answers: readonly (string | null)[]): string | null {
  const counts = countsOf(answers.filter((answer) => answer !== null));
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

function topShare(values: readonly string[]): number {
  return Math.max(0, ...countsOf(values).values()) / values.length;
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share<T>(values: readonly T[], holds: (value: T) => boolean): number {
  return values.filter(holds).length / values.length;
}

/**
 * The policy with its logits rescaled until its entropy is `entropy`: what mere sharpening reaches.
 *
 * @param run at the base model, before any iteration
 * @param entropy that of the trained policy (nats), as `measurePolicy` gives it
 */
export async function matchedControl(
  run: OneProcessRun,
  problems: readonly Problem[],
  entropy: number,
): Promise<EvaluationMeasure> {
  let [low, high] = [1e-4, 4];
  for (let round = 0; ; round++) {
    const temperature = Math.sqrt(low * high);
    const measure = await measurePolicy(run, problems, { temperature, samples: 1 });
    if (round === 10) return measure;
    if (measure.entropy < entropy) low = temperature;
    else high = temperature;
  }
}
