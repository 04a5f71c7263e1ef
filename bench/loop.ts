/**
 * The price of being distributed: wall time of an iteration through the services on this machine's cores,
 * against the sum of pure generation and pure training of the same work in one process (issue 2, part H:
 * at most 1.5 ×), and the services' resident memory. Both run the default recipe and end in the same weights.
 *
 * Run on a quiet machine: `node bench/loop.ts [iterations] [rounds]`.
 */
import { weightsSha256 } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { OneProcessRun } from '@mgrpo/study';
import { median } from './bench-model.ts';
import { benchRecipe, throughServices } from './through-services.ts';

const iterations = Number(process.argv[2] ?? 30);
const numRounds = Number(process.argv[3] ?? 3);

/** Median seconds of an iteration, and the hash of the final policy. */
interface Measured {
  seconds: number;
  sha256: string;
}

async function inOneProcess(config: RunConfig): Promise<Measured> {
  const run = await OneProcessRun.open(config);
  const seconds: number[] = [];
  while (run.applied < iterations) {
    const { generate, train } = (await run.next()).seconds;
    seconds.push(generate + train);
  }
  const sha256 = weightsSha256(await run.weights());
  await run.close();
  return { seconds: median(seconds), sha256 };
}

const config = benchRecipe([`iterations=${iterations}`]);
const memory = new Map<string, number>();
const ratios: number[] = [];
for (let round = 0; round < numRounds; round++) {
  const pure = await inOneProcess(config);
  const records = await throughServices(config, memory);
  const services = {
    seconds: median(records.map(({ seconds }) => seconds.total)),
    sha256: records.at(-1)?.policySha256,
  };
  ratios.push(services.seconds / pure.seconds);
  const same = pure.sha256 === services.sha256 ? 'same weights' : 'DIFFERENT WEIGHTS';
  console.log(
    `services ${(services.seconds * 1000).toFixed(0)} ms, one process ${(pure.seconds * 1000).toFixed(0)} ms ` +
      `an iteration: ${ratios.at(-1)!.toFixed(2)} × (${same})`,
  );
}
console.log(`median ${median(ratios).toFixed(2)} × (at most 1.5 wanted)`);
const peaks = [...memory].map(([name, mb]) => `${name} ${mb}`).join(', ');
console.log(`peak resident, MB: ${peaks} (rollouts under 300, learner under 400 wanted)`);
