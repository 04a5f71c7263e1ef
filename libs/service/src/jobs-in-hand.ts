import { type Role, rolloutCounts } from '@mgrpo/algorithm';
import type { RunConfig } from '@mgrpo/config';

/** Enough training jobs to fill the engine's slots, and one more so that the next is there when one ends. */
export function jobsInHand(
  { algorithm, rollout: { engine }, deployment }: RunConfig,
  role: Role,
): number {
  const { rollout, openai } = deployment;
  const numServers = Math.max(openai.policyUrls.length, openai.momentumUrls.length);
  const slots = engine === 'onnx' ? rollout.slots : openai.concurrency * numServers;
  const perJob = Math.min(rollout.rolloutsPerJob, rolloutCounts(algorithm)[role]);
  return Math.max(2, Math.ceil(slots / Math.max(1, perJob)) + 1);
}
