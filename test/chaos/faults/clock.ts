import { existsSync, globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

const library = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0];

/** One process's clock is an hour ahead, then an hour behind, then right again. Its timers are not concerned. */
const steps = ['+3600s', '-3600s', '+0s'];

function clockSteps(service: string): Fault {
  return {
    name: `clock-steps-${service}`,
    kind: 'clock',
    missing: () =>
      library !== undefined && existsSync(library) ? null : 'libfaketime is not installed',
    strike: async (cluster, random) => {
      const name = random.pick(cluster.namesOf(service));
      const clock = join(cluster.runFolder, `../${name}.clock`);
      const set = (offset: string) => writeFileSync(clock, offset);
      set('+0s');
      await cluster.stop(name);
      const env = {
        LD_PRELOAD: library!,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      };
      await cluster.start(name, { env });
      await cluster.ready(name);
      for (const offset of steps) {
        set(offset);
        await sleep(1500);
      }
    },
  };
}

export const clockFaults: readonly Fault[] = [
  'learner',
  'coordinator',
  'policy-rollout',
  'momentum-rollout',
  'voter',
].map(clockSteps);
