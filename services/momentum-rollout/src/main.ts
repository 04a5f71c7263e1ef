import type { RunConfig } from '@mgrpo/config';
import { runService, startRolloutService } from '@mgrpo/service';

/** Runs a rollout service of the momentum model as this process; returns its exit code. */
export function main(config: RunConfig): Promise<number> {
  return runService('momentum-rollout', config, (context) =>
    startRolloutService('momentum', context),
  );
}
