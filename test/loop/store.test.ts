import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MetricsRecord, readMetrics } from '@mgrpo/checkpoint';
import { openRedis } from '@mgrpo/queues';
import { Supervisor } from '@mgrpo/service';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { S3Server } from '../../libs/object-store/src/s3-server.fixture.ts';
import { mgrpo } from '../command-line.ts';
import { makeWorkspace, trainSmall, writeRecipe } from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let store: S3Server;

beforeEach(async () => {
  workspace = await makeWorkspace();
  store = await S3Server.start();
  for (const [name, value] of Object.entries(store.env)) vi.stubEnv(name, value);
});

afterEach(() => {
  vi.unstubAllEnvs();
  store.close();
  workspace.remove();
});

const iterations = 10;
const undisturbed = () =>
  trainSmall({
    runFolder: join(workspace.folder, 'undisturbed'),
    base: workspace.base,
    set: [`iterations=${iterations}`],
  });
const storeSettings = () => [
  `iterations=${iterations}`,
  'deployment.store.url=s3://bucket/run',
  `deployment.store.endpoint=${store.endpoint}`,
  'deployment.store.attempts=2',
];
const storedIterations = (): number => {
  const run = store.objects.get('run/run.json')?.body;
  return run === undefined ? 0 : JSON.parse(run.toString()).iterations;
};

/** Weights after each iteration, by their hash. */
const weights = (records: readonly MetricsRecord[] | Record<string, unknown>[]) =>
  records
    .filter(({ kind }) => kind === 'iteration')
    .map(({ iteration, policySha256 }) => `${iteration} ${policySha256}`);

/** Runs `mgrpo serve learner` until it is ready. */
async function serveLearner(runFolder: string, recipe: string): Promise<void> {
  const redisFolder = join(workspace.folder, 'redis');
  const searchPath = process.env.PATH ?? '';
  const redis = await openRedis({ url: null, folder: redisFolder, tell: () => {}, searchPath });
  const ready = Promise.withResolvers<void>();
  const cli = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));
  const set = storeSettings().flatMap((assignment) => ['--set', assignment]);
  const args = [cli, 'serve', 'learner', '--config', recipe, '--run', runFolder, ...set];
  const supervisor = new Supervisor({
    services: [{ name: 'learner', args: [...args, '--redis', redis.url] }],
    env: process.env,
    logFolder: join(workspace.folder, 'logs'),
    maxRestartsPerMinute: 0,
    stopMs: 5000,
    onEvent: ({ kind }) => kind === 'ready' && ready.resolve(),
  });
  await Promise.race([ready.promise, supervisor.failed]);
  await supervisor.stop();
  await redis.close();
}

test('a run whose machine is gone goes on from the store to the same bits', async () => {
  const expected = await undisturbed();
  const runFolder = join(workspace.folder, 'run');
  const { base } = workspace;
  const abort = new AbortController();
  // However slow its end is, the store has no more of the run than that.
  const isLost = () => storedIterations() >= 4;
  store.fault = () => (isLost() ? { kind: 'status', status: 503, code: 'SlowDown' } : null);
  await trainSmall({
    ...{ runFolder, base, set: storeSettings(), signal: abort.signal },
    onIteration: (applied, pids) => {
      if (!isLost() || applied < 5 || abort.signal.aborted) return;
      abort.abort();
      process.kill(pids.get('learner')!, 'SIGKILL');
    },
  });
  store.fault = () => null;
  expect(storedIterations()).toBeLessThan(iterations);
  rmSync(runFolder, { recursive: true });
  const recipe = writeRecipe({ runFolder: join(workspace.folder, 'recipe'), base });
  await serveLearner(runFolder, recipe);
  const served = weights(await readMetrics(join(runFolder, 'metrics.jsonl')));
  expect(served.length).toBeGreaterThanOrEqual(4);
  expect(served).toEqual(weights(expected.metrics).slice(0, served.length));
  rmSync(runFolder, { recursive: true });
  const set = storeSettings().flatMap((assignment) => ['--set', assignment]);
  const started = await mgrpo('train', recipe, '--run', runFolder, ...set);
  expect(started).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('go on with it by --resume'),
  });
  // The same contents at other addresses are the same run.
  const data = fileURLToPath(new URL('../../recipes/data/arithmetic/train.jsonl', import.meta.url));
  store.put('data/train.jsonl', readFileSync(data));
  for (const name of readdirSync(base)) store.put(`base/${name}`, readFileSync(join(base, name)));
  const result = await mgrpo(
    ...['train', recipe, '--resume', '--run', runFolder, ...set],
    ...['--model', 's3://bucket/base', '--prompts', 's3://bucket/data/train.jsonl'],
    ...['--set', `deployment.store.cacheFolder=${join(workspace.folder, 'cache')}`],
  );
  expect(result).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('from s3://bucket/run'),
  });
  const records = await readMetrics(join(runFolder, 'metrics.jsonl'));
  expect(weights(records)).toEqual(weights(expected.metrics));
  expect(storedIterations()).toBe(iterations);
  const secrets = [...store.objects.values()].map(({ body }) => body.toString('latin1')).join();
  for (const secret of Object.values(store.env)) expect(secrets).not.toContain(secret);
}, 120_000);

test('a store that is away costs nothing but warnings, and the end says what it lacks', async () => {
  store.fault = () => ({ kind: 'status', status: 503, code: 'SlowDown' });
  const expected = await undisturbed();
  const runFolder = join(workspace.folder, 'run');
  const { base } = workspace;
  const result = await trainSmall({ runFolder, base, set: storeSettings() });
  expect(result).toEqual(expected);
  expect(result.outcome).toBe('finished');
  const log = readFileSync(join(runFolder, 'logs', 'learner.log'), 'utf8');
  expect(log).toContain('the store answers 503 SlowDown');
  expect(log).toMatch(
    /not uploaded to s3:\/\/bucket\/run: the run up to iteration 10 with checkpoint step-10/,
  );
  for (const secret of Object.values(store.env)) expect(log).not.toContain(secret);
  expect(existsSync(join(runFolder, 'checkpoints', 'step-10'))).toBe(true);
  expect(store.objects.size).toBe(0);
});
