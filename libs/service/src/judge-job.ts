import { type GroupVerdict, rolloutCounts } from '@mgrpo/algorithm';
import type { VoteJob } from '@mgrpo/queues';
import { type QuestionVerdict, wireRole } from '@mgrpo/rpc';
import { assembleGroups } from './groups.ts';
import type { RolloutPart } from './rollout-codec.ts';
import { type VoteOptions, verdictToWire, voteQuestion } from './vote-question.ts';

/** What one rollout job made, and the reference by which the verdict names it. */
export interface RolloutPayload {
  readonly key: string;
  readonly sha256: string;
  readonly parts: readonly RolloutPart[];
}

/**
 * What a vote job leaves for the learner: a pure function of the job and its rollouts, whatever order they came in.
 *
 * @throws MgrpoError INVALID_MESSAGE when a rollout is missing, doubled or of another job
 */
export function judgeJob(
  { runId, iteration, weightVersion, prompts, gold }: VoteJob,
  payloads: readonly RolloutPayload[],
  options: VoteOptions,
): { verdicts: readonly GroupVerdict[]; message: QuestionVerdict } {
  const { policy: numPolicy, momentum: numMomentum } = rolloutCounts(options.algorithm);
  const groups = assembleGroups(
    payloads.flatMap(({ parts }) => parts),
    {
      runId,
      iteration,
      weightVersion,
      prompts: prompts.map(({ prompt }) => prompt),
      numPolicy,
      numMomentum,
    },
  );
  const verdicts = voteQuestion({ groups, gold }, options);
  const chunks = payloads.map(({ key, sha256, parts }) => {
    const { prompt, role } = parts[0]!;
    return { prompt, key, sha256, role: wireRole[role] };
  });
  const message = {
    groups: prompts.map(({ prompt, tokens }, i) => ({
      ...verdictToWire(verdicts[i]!),
      runId,
      iteration,
      prompt,
      weightVersion,
      promptTokenIds: tokens,
      // In the order of the group, so that the verdict's bytes don't depend on which job ended first.
      chunks: chunks
        .filter((chunk) => chunk.prompt === prompt)
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    })),
  };
  return { verdicts, message };
}
