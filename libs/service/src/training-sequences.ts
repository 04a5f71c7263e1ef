import { MgrpoError } from '@mgrpo/errors';
import { roleFromWire, type TrainingBatch__Output } from '@mgrpo/rpc';
import type { TrainingSequence } from '@mgrpo/training';
import { fromWire, type Rollout } from './rollout-codec.ts';

/**
 * The sequences an iteration trains on, by prompt: the policy rollouts that the filter kept, by index, those
 * of groups without signal included (their advantage is 0, but they count in the mean and in the KL term).
 *
 * @throws MgrpoError INVALID_MESSAGE when a verdict and the rollouts don't belong together.
 */
export function trainingSequences(batch: TrainingBatch__Output): TrainingSequence[][] {
  const rollouts = rolloutsByPrompt(batch);
  return batch.groups.map((group) => {
    const policy = rollouts.get(group.prompt);
    const promptTokens = Int32Array.from(group.promptTokenIds);
    return group.members.flatMap((member): TrainingSequence[] => {
      if (roleFromWire(member.role) !== 'policy' || !member.trains) return [];
      const rollout = policy?.get(member.index);
      if (rollout === undefined || rollout.tokens.length !== member.numTokens) {
        throw new MgrpoError(
          'INVALID_MESSAGE',
          `iteration ${batch.iteration}, prompt ${group.prompt}: the verdict's rollout ${member.index} is not in the batch`,
        );
      }
      return [
        {
          promptTokens,
          responseTokens: rollout.tokens,
          behaviourLogprobs: rollout.logprobs,
          advantage: member.advantage,
        },
      ];
    });
  });
}

function rolloutsByPrompt(batch: TrainingBatch__Output): Map<number, Map<number, Rollout>> {
  const byPrompt = new Map<number, Map<number, Rollout>>();
  for (const chunk of batch.rollouts) {
    const part = fromWire(chunk, `batch of iteration ${batch.iteration}`);
    const rollouts = byPrompt.get(part.prompt) ?? new Map<number, Rollout>();
    for (const rollout of part.rollouts) rollouts.set(rollout.index, rollout);
    byPrompt.set(part.prompt, rollouts);
  }
  return byPrompt;
}
