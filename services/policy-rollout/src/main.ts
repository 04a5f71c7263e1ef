import type { RunConfig } from '@mgrpo/config';
import { runService, startRolloutService } from '@mgrpo/service';

/** Runs a rollout service of the policy model as this process; returns its exit code. */
export function main(config: RunConfig): Promise<number> {
  return runService('policy-rollout', config, (context) => startRolloutService('policy', context));
}
