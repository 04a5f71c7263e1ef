import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMetrics, runFiles } from '@mgrpo/checkpoint';
import { loadRunConfig } from '@mgrpo/config';
import type { TrainingBatch } from '@mgrpo/rpc';
import { toWire } from '@mgrpo/service';
import { createLogger, createRegistry, quietTracer } from '@mgrpo/telemetry';
import { afterAll, expect, test } from 'vitest';
import { type OpenedLearner, openLearner } from './open-learner.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-learner-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = loadRunConfig({
  file: join(root, 'recipes/arithmetic.yaml'),
  environment: {},
  overrides: [{ flag: '--set', assignment: 'iterations=9' }],
});

function open(name = 'run', onFatal: (error: unknown) => void = fail): Promise<OpenedLearner> {
  const context = {
    config,
    log: createLogger({ service: 'test', level: 'silent' }),
    registry: createRegistry('learner'),
    tracer: quietTracer(),
    env: {},
    notice: () => {},
  };
  return openLearner(context, join(folder, name), onFatal);
}

function fail(error: unknown): never {
  throw error;
}

/** Two policy rollouts of one prompt, the second with the given advantage. */
function batch(runId: string, iteration: number, advantage: number): TrainingBatch {
  const place = { runId, iteration, prompt: 0, weightVersion: iteration };
  const rollout = (index: number) => ({
    index,
    tokens: Int32Array.of(3 + index, 5),
    logprobs: Float32Array.of(-1, -2),
    entropies: Float32Array.of(1, 1),
    selfCertainties: null,
    finishReason: 'stop' as const,
  });
  const member = { role: 'ROLE_POLICY', trains: true, votes: true, numTokens: 2 } as const;
  return {
    runId,
    iteration,
    weightVersion: iteration,
    groups: [
      {
        ...place,
        promptTokenIds: [1, 2],
        members: [
          { ...member, index: 0, advantage: 1 },
          { ...member, index: 1, advantage },
        ],
      },
    ],
    rollouts: [
      toWire({ ...place, role: 'policy', firstRollout: 0, rollouts: [rollout(0), rollout(1)] }),
    ],
  };
}

async function offer({ learner, runId }: OpenedLearner, iteration: number, advantage: number) {
  const timings = { addedAtMs: 0, generatedAtMs: 0, votedAtMs: 0 };
  await learner.offer({
    batch: batch(runId, iteration, advantage),
    timings,
    traceparent: null,
    journaled: () => {},
  });
  return learner.state;
}

test('three steps in a row that are not finite end the run, and so does their replay', async () => {
  const first = await open();
  await first.learner.replay();
  const before = await offer(first, 0, -1);
  // One alone changes nothing, and the next good batch trains.
  const skipped = await offer(first, 1, Number.NaN);
  expect([skipped.policySha256, skipped.momentumSha256]).toEqual([
    before.policySha256,
    before.momentumSha256,
  ]);
  const good = await offer(first, 2, -1);
  expect(good.policySha256).not.toBe(before.policySha256);
  for (const iteration of [3, 4]) {
    expect((await offer(first, iteration, Number.POSITIVE_INFINITY)).phase).toBe('waiting');
  }
  const halted = await offer(first, 5, Number.NaN);
  expect(halted).toMatchObject({ phase: 'halted', appliedIterations: 6 });
  expect(halted.checkpointedIterations).toBe(6);
  expect(halted.policySha256).toBe(good.policySha256);
  expect((await offer(first, 6, -1)).appliedIterations).toBe(6);
  await first.close();

  const metrics = await readMetrics(join(folder, 'run', runFiles.metrics));
  const records = metrics.filter((record) => record.kind === 'iteration');
  expect(records.map((record) => record.skippedInARow)).toEqual([0, 1, 0, 1, 2, 3]);
  expect(records[1]!.skippedSteps).toEqual([
    { step: 0, what: 'loss', rollouts: [{ prompt: 0, rollout: 1 }] },
  ]);

  const second = await open();
  await second.learner.replay();
  expect(second.learner.state).toMatchObject({ phase: 'halted', appliedIterations: 6 });
  expect(second.learner.state.policySha256).toBe(good.policySha256);
  await second.close();
});

test('batches that wait for each other are applied in their order, and none after the end of the run', async () => {
  const inTurn = await open('in-turn');
  await inTurn.learner.replay();
  const advantages = [-1, Number.NaN, -2, Number.NaN, Number.NaN, Number.NaN, -1];
  for (const [iteration, advantage] of advantages.entries()) {
    await offer(inTurn, iteration, advantage);
  }
  const { policySha256, momentumSha256 } = inTurn.learner.state;
  await inTurn.close();

  const atOnce = await open('at-once');
  await atOnce.learner.replay();
  const offers = [...advantages.entries()].reverse();
  // Each twice, as a queue may deliver it.
  await Promise.all(
    [...offers, ...offers].map(([iteration, advantage]) => offer(atOnce, iteration, advantage)),
  );
  expect(atOnce.learner.state).toMatchObject({
    ...{ phase: 'halted', appliedIterations: 6, checkpointedIterations: 6 },
    ...{ policySha256, momentumSha256, pendingIterations: [6] },
  });
  await atOnce.close();
  const metrics = await readMetrics(join(folder, 'at-once', runFiles.metrics));
  const records = metrics.filter((record) => record.kind === 'iteration');
  expect(records.map((record) => record.iteration)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a version that can not be written ends the learner, a step ahead as it may be, and costs no bits', async () => {
  const { promise: fatal, reject } = Promise.withResolvers<never>();
  const first = await open('full', reject);
  await first.learner.replay();
  const versions = join(folder, 'full', 'versions');
  rmSync(versions, { recursive: true });
  const offers = [1, 0].map((iteration) => offer(first, iteration, -1));
  const settled = await Promise.allSettled([...offers, fatal]);
  expect(settled.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
  expect(first.learner.state).toMatchObject({ appliedIterations: 0 });
  expect(first.publisher.newest('policy')?.version).toBe(0);
  await first.close();

  const [second, whole] = await Promise.all([open('full'), open('whole')]);
  for (const { learner } of [second, whole]) await learner.replay();
  // The journal was ahead of the weights: what it has is not asked for again.
  const { appliedIterations } = second.learner.state;
  expect(appliedIterations).toBeGreaterThan(0);
  for (const iteration of [0, 1, 2]) await offer(whole, iteration, -1);
  for (const iteration of [0, 1, 2]) await offer(second, iteration, -1);
  const { policySha256, momentumSha256 } = whole.learner.state;
  expect(second.learner.state).toMatchObject({
    appliedIterations: 3,
    policySha256,
    momentumSha256,
  });
  await second.close();
  await whole.close();
});

test('a learner that drains ends after the step under way', async () => {
  const first = await open('drained');
  await first.learner.replay();
  const offers = [2, 1, 0].map((iteration) => offer(first, iteration, -1));
  for await (const { phase } of first.learner.states.read(new AbortController().signal)) {
    if (phase === 'stepping') break;
  }
  await first.learner.drain();
  await Promise.all(offers);
  expect(first.learner.state).toMatchObject({
    ...{ phase: 'draining', appliedIterations: 1, pendingIterations: [2, 1] },
  });
  await first.close();
});

test('nothing of a step is published whose batch the journal can not take', async () => {
  const { promise: fatal, reject } = Promise.withResolvers<never>();
  const first = await open('unjournaled', reject);
  await first.learner.replay();
  const journal = join(folder, 'unjournaled', runFiles.journal);
  rmSync(journal, { recursive: true });
  const settled = await Promise.allSettled([offer(first, 0, -1), fatal]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(first.learner.state).toMatchObject({ appliedIterations: 0 });
  expect(first.publisher.newest('policy')?.version).toBe(0);
  await first.close();

  const second = await open('unjournaled');
  await second.learner.replay();
  expect(second.learner.state).toMatchObject({ appliedIterations: 0 });
  expect((await offer(second, 0, -1)).appliedIterations).toBe(1);
  await second.close();
});
