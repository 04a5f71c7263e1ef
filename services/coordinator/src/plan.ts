import type { AlgorithmOptions } from '@mgrpo/algorithm';
import { type Question, questionsOfIteration } from '@mgrpo/datasets';
import { type RolloutJob, rolloutKey, type TreePlan, verdictKey } from '@mgrpo/queues';

/** What an iteration's jobs are a function of, besides the iteration. */
export interface PlanOptions {
  runId: string;
  seed: number;
  lag: number;
  algorithm: Pick<AlgorithmOptions, 'method' | 'promptsPerIteration'>;
  /** M and N. */
  rollouts: { policy: number; momentum: number };
  rolloutsPerJob: number;
  sampling: RolloutJob['sampling'];
}

/** The weight version that iteration `t` samples with: t - lag, or the base model's. */
function weightVersionOf(iteration: number, lag: number): number {
  return Math.max(0, iteration - lag);
}

/** The jobs of iteration `t`: a pure function of the run's configuration, its questions and t. */
export function planIteration(
  iteration: number,
  questions: readonly Question[],
  options: PlanOptions,
): TreePlan {
  const { runId, seed, algorithm } = options;
  const weightVersion = weightVersionOf(iteration, options.lag);
  const job = { runId, iteration, weightVersion };
  const asked = questionsOfIteration(questions, { seed, iteration, algorithm });
  return {
    kind: 'iteration',
    learn: job,
    questions: asked.map(({ prompts: wordings, gold }) => {
      const prompts = wordings.map(({ prompt, tokens }) => ({ prompt, tokens: [...tokens] }));
      return {
        vote: { ...job, prompts, gold, key: verdictKey(runId, iteration, prompts[0]!.prompt) },
        rollouts: prompts.flatMap((prompt) =>
          (['policy', 'momentum'] as const).flatMap((role) =>
            rolloutJobs({ ...job, ...prompt, role }, options),
          ),
        ),
      };
    }),
  };
}

interface GroupPart {
  runId: string;
  iteration: number;
  weightVersion: number;
  role: 'policy' | 'momentum';
  prompt: number;
  tokens: number[];
}

function rolloutJobs(part: GroupPart, options: PlanOptions): RolloutJob[] {
  const { prompt, tokens, ...job } = part;
  const total = options.rollouts[part.role];
  const jobs: RolloutJob[] = [];
  for (let first = 0; first < total; first += options.rolloutsPerJob) {
    const numRollouts = Math.min(options.rolloutsPerJob, total - first);
    const named = { ...job, purpose: 'train' as const, firstRollout: first, numRollouts };
    const { sampling } = options;
    jobs.push({
      ...named,
      prompts: [{ prompt, tokens }],
      sampling,
      key: rolloutKey({ ...named, ...sampling, firstPrompt: prompt, numPrompts: 1 }),
    });
  }
  return jobs;
}

export interface EvaluationPlanOptions {
  runId: string;
  /** Problems of one job: enough to fill a batch, few enough to spread over workers. */
  problemsPerJob: number;
  /** One pass over the problems for each of these; temperature 0 is greedy. */
  passes: readonly { samples: number; sampling: RolloutJob['sampling'] }[];
}

/** The jobs that evaluate one version of the policy on the validation problems. */
export function planEvaluation(
  version: number,
  problems: readonly Int32Array[],
  { runId, problemsPerJob, passes }: EvaluationPlanOptions,
): TreePlan {
  const rollouts: RolloutJob[] = [];
  for (const { samples, sampling } of passes) {
    for (let first = 0; first < problems.length; first += problemsPerJob) {
      const slice = problems.slice(first, first + problemsPerJob);
      const job = {
        runId,
        purpose: 'eval' as const,
        role: 'policy' as const,
        iteration: version,
        weightVersion: version,
        firstRollout: 0,
        numRollouts: samples,
      };
      rollouts.push({
        ...job,
        prompts: slice.map((tokens, i) => ({ prompt: first + i, tokens: [...tokens] })),
        sampling,
        key: rolloutKey({ ...job, ...sampling, firstPrompt: first, numPrompts: slice.length }),
      });
    }
  }
  return { kind: 'evaluation', evaluate: { runId, version }, rollouts };
}
