import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMetrics, runFiles } from '@mgrpo/checkpoint';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import { runTraining } from '@mgrpo/service';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'services/cli/src/main.ts');

/** The default recipe without evaluations, which are no part of an iteration. */
export function benchRecipe(settings: readonly string[]): RunConfig {
  return loadRunConfig({
    file: join(root, 'recipes/arithmetic.yaml'),
    environment: {},
    overrides: ['prompts.validation=null', ...settings].map((assignment) => ({
      flag: 'bench',
      assignment,
    })),
  });
}

/** What a run wrote of an iteration, as far as benchmarks read it. */
export interface IterationRecord {
  readonly kind: string;
  readonly policySha256: string;
  readonly seconds: { readonly total: number };
  readonly step: {
    readonly clipFraction: number;
    readonly ratioMean: number;
    readonly logprobGap: number;
    readonly logprobGapMax: number;
  } | null;
}

/**
 * The records of a run whose services are processes of this machine. The first is left out: its time
 * includes the start of the services.
 *
 * @param memory gets the largest resident size of each service (MB)
 */
export async function throughServices(
  config: RunConfig,
  memory = new Map<string, number>(),
): Promise<IterationRecord[]> {
  const runFolder = join(tmpdir(), `mgrpo-bench-${process.pid}`);
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
  return applied.slice(1) as unknown as IterationRecord[];
}

/** Keeps the largest resident size of each service, as Linux reports it. */
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
