import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MetricsRecord, readMetrics, runFiles, weightsSha256 } from '@mgrpo/checkpoint';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import { arithmeticCharacters } from '@mgrpo/datasets';
import { runTraining, type SupervisorEvent, type TrainOutcome } from '@mgrpo/service';
import { OneProcessRun } from '@mgrpo/study';
import { saveRandomModel } from '../random-model.ts';

const cli = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));
const data = fileURLToPath(new URL('../../recipes/data/arithmetic', import.meta.url));

/** A folder for a test file, with a small random base model in it: the loop needs weights that move, not good ones. */
export async function makeWorkspace(): Promise<{ folder: string; base: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-loop-'));
  const base = join(folder, 'base');
  await saveRandomModel(base, { characters: arithmeticCharacters, maxPositions: 64 });
  return { folder, base, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface SmallRun {
  runFolder: string;
  base: string;
  /** `path=value` over the small recipe. */
  set?: readonly string[];
  redisUrl?: string;
  /** Called after every applied iteration, once each, as soon as the learner has recorded it. */
  onIteration?(applied: number, pids: ReadonlyMap<string, number>): void;
  signal?: AbortSignal;
  /** The program that becomes the services; this one's command line by default. */
  program?: string;
  /** Of the services, over this process's. */
  env?: Readonly<Record<string, string>>;
}

export interface SmallRunResult {
  outcome: TrainOutcome;
  /** One line for each evaluation, then for each iteration, without what may differ between runs. */
  metrics: Record<string, unknown>[];
  policySha256: string;
  restarts: string[];
}

/** Trains through the real services, Redis and processes, with groups of 8 and responses of 6 tokens. */
export async function trainSmall(run: SmallRun): Promise<SmallRunResult> {
  const pids = new Map<string, number>();
  const restarts: string[] = [];
  let seen = 0;
  const onService = (event: SupervisorEvent) => {
    if (event.kind === 'ready') pids.set(event.name, event.pid);
    if (event.kind === 'restarting') restarts.push(event.name);
  };
  // The watched states are the newest only, and begin when the connection stands: a short run can be over by then.
  const watching = setInterval(() => {
    const applied = appliedIterations(run.runFolder);
    for (; seen < applied; seen++) run.onIteration?.(seen + 1, pids);
  }, 10);
  const outcome = await runTraining({
    config: smallConfig(run),
    runFolder: run.runFolder,
    serveCommand: [run.program ?? cli, 'serve'],
    searchPath: process.env.PATH ?? '',
    env: { ...process.env, ...run.env },
    signal: run.signal ?? new AbortController().signal,
    hooks: { onService, onState: () => {}, tell: () => {} },
  }).finally(() => clearInterval(watching));
  const records = await readMetrics(join(run.runFolder, runFiles.metrics));
  const last = records.findLast((record) => record.kind === 'iteration');
  return {
    outcome,
    // With lag 1 an evaluation is recorded before or after the iteration that runs beside it.
    metrics: records.map(comparable).sort((a, b) => String(a.kind).localeCompare(String(b.kind))),
    policySha256: String(last?.policySha256),
    restarts,
  };
}

/** SHA-256 of the policy after the same run in one process, without queue or services. */
export async function trainAlone(run: SmallRun): Promise<string> {
  const config = smallConfig(run);
  const alone = await OneProcessRun.open(config);
  try {
    while (alone.applied < config.iterations) await alone.next();
    return weightsSha256(await alone.weights());
  } finally {
    await alone.close();
  }
}

/** The configuration of a small run, whose recipe is written into its folder. */
export function smallConfig(run: SmallRun): RunConfig {
  return loadRunConfig({
    file: writeRecipe(run),
    environment: {},
    overrides: (run.set ?? []).map((assignment) => ({ flag: '--set', assignment })),
  });
}

/** Metrics are equal except for times. */
function comparable({ seconds: _seconds, ...record }: MetricsRecord): Record<string, unknown> {
  return record;
}

/** Iterations that stand in the metrics of a run. */
export function appliedIterations(runFolder: string): number {
  const path = join(runFolder, runFiles.metrics);
  if (!existsSync(path)) return 0;
  return readFileSync(path, 'utf8').split('"kind":"iteration"').length - 1;
}

/** Writes `recipe.yaml` of a small run into its folder; returns the path. */
export function writeRecipe({ runFolder, base, redisUrl }: SmallRun): string {
  mkdirSync(runFolder, { recursive: true });
  const path = join(runFolder, 'recipe.yaml');
  const recipe = {
    iterations: 6,
    model: { path: base },
    prompts: {
      train: join(data, 'train.jsonl'),
      validation: join(data, 'validation.jsonl'),
      maxPromptTokens: 16,
    },
    answer: { extractor: 'after-arrow' },
    algorithm: {
      promptsPerIteration: 3,
      groupSize: 8,
      optimizer: { learningRate: 1e-3, schedule: 'constant' },
    },
    sampling: { maxResponseTokens: 6 },
    evaluation: { everyIterations: 3, maxPrompts: 16 },
    checkpoint: { everyIterations: 4 },
    deployment: {
      redis: { url: redisUrl ?? null },
      rollout: { slots: 16, rolloutsPerJob: 3 },
    },
  };
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(recipe));
  return path;
}
