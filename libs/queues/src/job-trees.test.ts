import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Consumer, NotYet, type ReceivedJob } from './consumer.ts';
import { JobTrees, type TreePlan } from './job-trees.ts';
import {
  learnJobSchema,
  type PayloadRef,
  queueNames,
  type RolloutJob,
  rolloutJobSchema,
  voteJobSchema,
} from './jobs.ts';
import { PayloadStore } from './payload-store.ts';
import { startRedis, type TestRedis } from './testing.ts';

const runId = 'r1';
const prefix = '{mgrpo.r1}';
const sampling = { temperature: 1, topP: 1, topK: 0, maxResponseTokens: 4, selfCertainty: false };

let server: TestRedis['server'];
let redis: TestRedis['redis'];
let close: TestRedis['close'];
let payloads: PayloadStore;
let trees: JobTrees;
const consumers: Consumer<never>[] = [];

beforeAll(async () => {
  ({ server, redis, close } = await startRedis());
});

afterAll(() => close());

beforeEach(async () => {
  await redis.flushall();
  payloads = new PayloadStore(redis, 60);
  trees = new JobTrees({ redis, prefix, attempts: 3 });
});

afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.close()));
  await trees.close();
});

function rollout(prompt: number, role: 'policy' | 'momentum'): RolloutJob {
  return {
    runId,
    purpose: 'train',
    role,
    iteration: 0,
    weightVersion: 0,
    prompts: [{ prompt, tokens: [1, 2] }],
    firstRollout: 0,
    numRollouts: 2,
    sampling,
    key: `rollout:${prompt}:${role}`,
  };
}

function iterationPlan(numPrompts: number): TreePlan {
  return {
    kind: 'iteration',
    learn: { runId, iteration: 0, weightVersion: 0 },
    questions: Array.from({ length: numPrompts }, (_, prompt) => ({
      vote: {
        runId,
        iteration: 0,
        weightVersion: 0,
        prompts: [{ prompt, tokens: [1] }],
        gold: null,
        key: `vote:${prompt}`,
      },
      rollouts: [rollout(prompt, 'policy'), rollout(prompt, 'momentum')],
    })),
  };
}

type Handler<Data> = (job: ReceivedJob<Data>) => Promise<PayloadRef | null>;

function consume<Data>(
  queue: 'rollout-policy' | 'rollout-momentum' | 'vote' | 'learn',
  schema: unknown,
  handle: Handler<Data>,
): void {
  const consumer = new Consumer<Data>({
    redis: server.url,
    prefix,
    queue,
    schema: schema as never,
    concurrency: 4,
    lockDurationMs: 2000,
    stalledIntervalMs: 500,
    maxStalledCount: 3,
    process: 'test',
    retryDelayMs: 10,
    redisDeadlineMs: 15_000,
    jobDeadlineMs: 2000,
    fetchDeadlineMs: 5000,
    handle,
    onError: () => {},
  });
  consumers.push(consumer as Consumer<never>);
}

function consumeRollouts(handle: Handler<RolloutJob>): void {
  consume(queueNames.policy, rolloutJobSchema, handle);
  consume(queueNames.momentum, rolloutJobSchema, handle);
}

const putKey: Handler<{ key: string }> = ({ data }) =>
  payloads.put(data.key, Buffer.from(`bytes of ${data.key}`));

/** Collects a vote's children and puts their keys. */
const vote: Handler<{ key: string }> = async ({ data, children }) => {
  const keys = (await children()).map((ref) => ref.key).sort();
  return payloads.put(data.key, Buffer.from(keys.join(' ')));
};

function learned(): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  consume(queueNames.learn, learnJobSchema, async ({ children }) => {
    const refs = await children();
    const texts = await Promise.all(refs.map(async (ref) => String(await payloads.get(ref))));
    resolve(texts.sort());
    return null;
  });
  return promise;
}

describe('a job tree', () => {
  it('brings every rollout to its vote and every vote to the learner', async () => {
    await trees.add(iterationPlan(2));
    consumeRollouts(putKey);
    consume(queueNames.vote, voteJobSchema, vote);
    expect(await learned()).toEqual([
      'rollout:0:momentum rollout:0:policy',
      'rollout:1:momentum rollout:1:policy',
    ]);
  });

  it('goes on when a handler fails at first, and when it is not ready yet', async () => {
    await trees.add(iterationPlan(1));
    let tries = 0;
    consumeRollouts(async (job) => {
      tries += 1;
      if (tries === 1) throw new Error('a hiccup');
      if (tries === 2) throw new NotYet('weights have not arrived', 20);
      return await putKey(job);
    });
    consume(queueNames.vote, voteJobSchema, vote);
    expect(await learned()).toEqual(['rollout:0:momentum rollout:0:policy']);
    expect(tries).toBe(4);
  });

  it('is found again by another coordinator', async () => {
    const id = await trees.add(iterationPlan(1));
    const other = new JobTrees({ redis, prefix, attempts: 3 });
    expect(await other.find('learn', '0')).toMatchObject({ rootId: id, traceparent: null });
    expect(await other.state('learn', id)).toEqual({ kind: 'running' });
    await other.close();
  });

  it('carries the trace that it is part of beside the data of its jobs, and tells it to another coordinator', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const before = Date.now();
    await trees.add(iterationPlan(1), traceparent);
    const found = await trees.find('learn', '0');
    expect(found).toMatchObject({ traceparent });
    expect(found!.addedAtMs).toBeGreaterThanOrEqual(before);
    const seen: unknown[] = [];
    const note =
      <Data>(handle: Handler<Data>): Handler<Data> =>
      async (job) => {
        seen.push(job.traceparent, 'traceparent' in (job.data as object));
        return await handle(job);
      };
    consumeRollouts(note(putKey) as Handler<RolloutJob>);
    consume(queueNames.vote, voteJobSchema, note(vote));
    await learned();
    expect(seen).toEqual(Array(3).fill([traceparent, false]).flat());
  });

  it('is missing after FLUSHALL, and runs when it is added anew', async () => {
    const id = await trees.add(iterationPlan(1));
    await redis.flushall();
    expect(await trees.state('learn', id)).toEqual({ kind: 'missing' });
    await trees.add(iterationPlan(1));
    consumeRollouts(putKey);
    consume(queueNames.vote, voteJobSchema, vote);
    expect(await learned()).toEqual(['rollout:0:momentum rollout:0:policy']);
  });

  it('has failed when one of its rollouts has, for the reason that the rollout gives', async () => {
    const id = await trees.add(iterationPlan(2));
    consumeRollouts(async ({ data }) => {
      if (data.prompts[0]?.prompt === 1) throw new Error('out of memory');
      return await payloads.put(data.key, Buffer.from('x'));
    });
    await expect
      .poll(() => trees.state('learn', id))
      .toMatchObject({ kind: 'failed', reason: expect.stringContaining('out of memory') });
  });

  it('leaves nothing waiting when it is removed', async () => {
    const id = await trees.add(iterationPlan(3));
    expect(await trees.backlog(queueNames.policy)).toEqual({ waiting: 3, active: 0 });
    await trees.remove('learn', id, '0');
    expect(await trees.backlog(queueNames.policy)).toEqual({ waiting: 0, active: 0 });
    expect(await trees.find('learn', '0')).toBeUndefined();
  });
});

it('knows what memory Redis uses and may use', async () => {
  const { usedBytes, maxBytes } = await trees.memory();
  expect(usedBytes).toBeGreaterThan(100_000);
  expect(maxBytes).toBeGreaterThan(usedBytes);
});

describe('a job', () => {
  it('whose data is malformed fails at once and says what is wrong', async () => {
    const plan = iterationPlan(1) as TreePlan & { kind: 'iteration' };
    const broken = { ...plan.questions[0]!.rollouts[0]!, numRollouts: -3 };
    const id = await trees.add({
      ...plan,
      questions: [{ ...plan.questions[0]!, rollouts: [broken] }],
    });
    let calls = 0;
    consumeRollouts(async () => {
      calls += 1;
      return null;
    });
    await expect
      .poll(() => trees.state('learn', id))
      .toMatchObject({ kind: 'failed', reason: expect.stringContaining('numRollouts') });
    expect(calls).toBe(0);
  });

  it('that waits for ever fails at its deadline', async () => {
    const id = await trees.add(iterationPlan(1));
    consumeRollouts(async () => {
      throw new NotYet('weights of version 9 have not arrived', 50);
    });
    await expect
      .poll(() => trees.state('learn', id))
      .toMatchObject({ kind: 'failed', reason: expect.stringContaining('version 9') });
  });
});

describe('a payload', () => {
  it('is written once: a zombie that comes later gets the reference of the first', async () => {
    const first = await payloads.put('k', Buffer.from('first'));
    expect(await payloads.put('k', Buffer.from('second'))).toEqual(first);
    expect(String(await payloads.get(first))).toBe('first');
  });

  it('whose bytes changed is refused and removed, so that it is made again', async () => {
    const ref = await payloads.put('k', Buffer.from('first'));
    await redis.set('k', 'other');
    await expect(payloads.get(ref)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await payloads.find('k')).toBeUndefined();
  });

  it('whose bytes changed is not taken for a payload that is there already', async () => {
    await payloads.put('k', Buffer.from('first'));
    await redis.setrange('k', 34, 'x');
    expect(await payloads.find('k')).toBeUndefined();
    const again = await payloads.put('k', Buffer.from('first'));
    expect(String(await payloads.get(again))).toBe('first');
  });

  it('that is gone is said to be gone', async () => {
    const ref = { key: 'nowhere', sha256: '0'.repeat(64) };
    await expect(payloads.get(ref)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
