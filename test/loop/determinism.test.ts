import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectRedis, openRedis } from '@mgrpo/queues';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorkspace, type SmallRun, type SmallRunResult, trainSmall } from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
/** The run that every other is compared with, by lag. */
const undisturbed: SmallRunResult[] = [];

function train(name: string, run: Partial<SmallRun> = {}): Promise<SmallRunResult> {
  const { folder, base } = workspace;
  return trainSmall({ runFolder: join(folder, name), base, ...run });
}

beforeAll(async () => {
  workspace = await makeWorkspace();
  undisturbed[0] = await train('undisturbed-0');
  undisturbed[1] = await train('undisturbed-1', { set: ['lag=1'] });
}, 120_000);

afterAll(() => workspace.remove());

describe('an undisturbed run', () => {
  it('applies every iteration once, evaluates as configured, and moves the weights', () => {
    const { outcome, metrics } = undisturbed[0]!;
    expect(outcome).toBe('finished');
    const iterations = metrics.filter((record) => record.kind === 'iteration');
    expect(iterations.map((record) => record.iteration)).toEqual([0, 1, 2, 3, 4, 5]);
    const evaluations = metrics.filter((record) => record.kind === 'evaluation');
    expect(evaluations.map((record) => record.version)).toEqual([0, 3, 6]);
    expect(new Set(iterations.map((record) => record.policySha256)).size).toBeGreaterThan(1);
  });

  it('samples one version late with lag 1, without a deadlock of single workers', () => {
    const { outcome, metrics } = undisturbed[1]!;
    expect(outcome).toBe('finished');
    const iterations = metrics.filter((record) => record.kind === 'iteration');
    expect(iterations.map((record) => record.weightVersion)).toEqual([0, 0, 1, 2, 3, 4]);
    expect(undisturbed[1]!.policySha256).not.toBe(undisturbed[0]!.policySha256);
  });
});

const workers = [
  'deployment.workers.policy=2',
  'deployment.workers.momentum=2',
  'deployment.workers.voter=2',
  'deployment.rollout.rolloutsPerJob=2',
];

describe.each([0, 1])('with lag %i the bits are the same', (lag) => {
  const set = [`lag=${lag}`];

  it('for two workers of each kind and other job sizes', async () => {
    expect(await train(`workers-${lag}`, { set: [...set, ...workers] })).toEqual(undisturbed[lag]);
  });

  it('after the learner is killed', async () => {
    const result = await train(`learner-${lag}`, {
      set,
      onIteration: (applied, pids) => {
        if (applied === 2) process.kill(pids.get('learner')!, 'SIGKILL');
      },
    });
    expect(result).toEqual({ ...undisturbed[lag], restarts: ['learner'] });
  });
});

it('the bits are the same when every other service is killed in turn', async () => {
  const set = ['iterations=12'];
  const victims = ['coordinator', 'policy-rollout-1', 'momentum-rollout-1', 'voter-1'];
  const killed: { name: string; pid: number }[] = [];
  const result = await train('services', {
    set,
    onIteration: (_applied, pids) => {
      const last = killed.at(-1);
      const isBack = last === undefined || pids.get(last.name) !== last.pid;
      const name = victims[killed.length];
      if (!isBack || name === undefined) return;
      const pid = pids.get(name)!;
      process.kill(pid, 'SIGKILL');
      killed.push({ name, pid });
    },
  });
  expect(result.restarts).toEqual(victims);
  expect({ ...result, restarts: [] }).toEqual(await train('services-undisturbed', { set }));
}, 120_000);

describe('on a Redis that someone runs', () => {
  let server: Awaited<ReturnType<typeof openRedis>>;
  let redis: ReturnType<typeof connectRedis>;

  beforeAll(async () => {
    const folder = join(workspace.folder, 'redis');
    const searchPath = process.env.PATH ?? '';
    server = await openRedis({ url: null, folder, tell: () => {}, searchPath });
    redis = connectRedis(server.url);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.close();
  });

  it('the bits are the same when it forgets everything in the middle of the run', async () => {
    const result = await train('flushall', {
      redisUrl: server.url,
      onIteration: (applied) => {
        if (applied === 2 || applied === 4) void redis.flushall();
      },
    });
    expect(result).toEqual(undisturbed[0]);
  });

  it('the bits are the same when two runs share it at the same time', async () => {
    const [onPolicy, late] = await Promise.all([
      train('shared-0', { redisUrl: server.url }),
      train('shared-1', { redisUrl: server.url, set: ['lag=1'] }),
    ]);
    expect([onPolicy, late]).toEqual(undisturbed);
  });
});

it('the bits are the same after a stop and a resume', async () => {
  const stop = new AbortController();
  const stopped = await train('resumed', {
    signal: stop.signal,
    onIteration: (applied) => applied === 2 && stop.abort(),
  });
  expect(stopped.outcome).toBe('stopped');
  expect(stopped.metrics.length).toBeLessThan(undisturbed[0]!.metrics.length);
  expect(await train('resumed')).toEqual(undisturbed[0]);
});

it('gold answers never reach training: scrambled ones give the same weights', async () => {
  const { folder } = workspace;
  const data = new URL('../../recipes/data/arithmetic/', import.meta.url);
  const scrambled = ['train', 'validation'].map((split) => {
    const path = join(folder, `${split}.jsonl`);
    const lines = readFileSync(new URL(`${split}.jsonl`, data), 'utf8')
      .trim()
      .split('\n');
    const rows = lines.map((line, i) => ({ ...JSON.parse(line), answer: String(100 + i) }));
    writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
    return `prompts.${split}=${path}`;
  });
  const result = await train('scrambled', { set: scrambled });
  expect(result.policySha256).toBe(undisturbed[0]!.policySha256);
  const accuracies = result.metrics.flatMap((record) =>
    record.kind === 'evaluation' ? (record.passes as { accuracy: number }[]) : [],
  );
  expect(accuracies.every(({ accuracy }) => accuracy === 0)).toBe(true);
});
