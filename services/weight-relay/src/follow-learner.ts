import { setTimeout as sleep } from 'node:timers/promises';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import {
  connect,
  contracts,
  type LearnerState__Output,
  type PeerSecurity,
  serverStream,
} from '@mgrpo/rpc';
import { learnerAddress } from '@mgrpo/service';

/**
 * Tells each version that the learner publishes, a few bytes for each: so a relay of the second level knows when the
 * relay above it is stale.
 */
export function followLearner(
  config: RunConfig,
  security: PeerSecurity,
  onPublished: (version: number) => void,
): { close(): Promise<void> } {
  const address = learnerAddress(config);
  const client = connect(contracts.LearnerService, address, security);
  const abort = new AbortController();
  const { signal } = abort;
  const follow = async () => {
    while (!signal.aborted) {
      try {
        const states = serverStream<LearnerState__Output>(
          `learner at ${address}`,
          (...call) => client.watch({}, ...call),
          { signal },
        );
        for await (const { appliedIterations, phase } of states) {
          if (phase !== 'replaying') onPublished(appliedIterations);
        }
      } catch (error) {
        // It restarts: the next one is asked again.
        if (!(error instanceof MgrpoError)) throw error;
      }
      await sleep(1000, undefined, { signal }).catch(() => {});
    }
  };
  const following = follow();
  return {
    close: async () => {
      abort.abort();
      await following;
      client.close();
    },
  };
}
