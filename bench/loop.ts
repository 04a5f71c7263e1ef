/**
 * The price of being distributed: wall time of an iteration through the services on this machine's cores,
 * against the sum of pure generation and pure training of the same work in one process (issue 2, part H:
 * at most 1.5 ×), and the services' resident memory. Both run the default recipe and end in the same weights.
 *
 * Run on a quiet machine: `node bench/loop.ts [iterations] [rounds]`.
 */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMetrics, runFiles, weightsSha256 } from '@mgrpo/checkpoint';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import { runTraining } from '@mgrpo/service';
import { OneProcessRun } from '@mgrpo/study';

const iterations = Number(process.argv[2] ?? 30);
const numRounds = Number(process.argv[3] ?? 3);
const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'services/cli/src/main.ts');

/** Median seconds of an iteration, and the hash of the final policy. */
interface Measured {
  seconds: number;
  sha256: string;
}

function recipe(): RunConfig {
  return loadRunConfig({
    file: join(root, 'recipes/arithmetic.yaml'),
    environment: {},
    overrides: [
      { flag: 'bench', assignment: `iterations=${iterations}` },
      // Evaluations are no part of an iteration.
      { flag: 'bench', assignment: 'prompts.validation=null' },
    ],
  });
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

async function throughServices(config: RunConfig, memory: Map<string, number>): Promise<Measured> {
  const runFolder = join(tmpdir(), `mgrpo-bench-loop-${process.pid}`);
  const pids = new Map<string, number>();
  await runTraining({
    config,
    runFolder,
    serveCommand: [cli, 'serve'],
    searchPath: process.env.PATH ?? '',
    env: process.env,
    signal: new AbortController().signal,
    hooks: {
      onState: () => noteMemory(pids, memory),
      onService: (event) => {
        if (event.kind === 'ready') pids.set(event.name, event.pid);
      },
      tell: () => {},
    },
  });
  const records = await readMetrics(join(runFolder, runFiles.metrics));
  rmSync(runFolder, { recursive: true });
  const applied = records.filter((record) => record.kind === 'iteration');
  // The first iteration's time includes the start of the services.
  const seconds = applied.slice(1).map((record) => (record.seconds as { total: number }).total);
  return { seconds: median(seconds), sha256: String(applied.at(-1)?.policySha256) };
}

/** Keeps the largest resident size of each service (MB), as Linux reports it. */
function noteMemory(pids: ReadonlyMap<string, number>, memory: Map<string, number>): void {
  for (const [name, pid] of pids) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
      memory.set(name, Math.max(memory.get(name) ?? 0, Math.round(peakKb / 1000)));
    } catch {
      // Not Linux, or the service has just ended.
    }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const config = recipe();
const memory = new Map<string, number>();
const ratios: number[] = [];
for (let round = 0; round < numRounds; round++) {
  const pure = await inOneProcess(config);
  const services = await throughServices(config, memory);
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
