import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectRedis, openRedis } from '@mgrpo/queues';
import { type Collector, type ReceivedSpan, startCollector } from '@mgrpo/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  appliedIterations,
  makeWorkspace,
  type SmallRun,
  type SmallRunResult,
  trainSmall,
} from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let untraced: SmallRunResult;
let traced: SmallRunResult;
let collector: Collector;

const services = ['coordinator', 'learner', 'momentum-rollout', 'policy-rollout', 'voter'];

function train(name: string, run: Partial<SmallRun> = {}): Promise<SmallRunResult> {
  const { folder, base } = workspace;
  return trainSmall({ runFolder: join(folder, name), base, ...run });
}

const tracedTo = (endpoint: string) => [`deployment.tracing.endpoint=${endpoint}`];

/** Every event that the services of a run have logged. */
function eventsOf(name: string): Record<string, unknown>[] {
  const logs = join(workspace.folder, name, 'logs');
  return readdirSync(logs)
    .filter((file) => file.endsWith('.log'))
    .flatMap((file) => readFileSync(join(logs, file), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const ofIteration = (spans: readonly ReceivedSpan[], iteration: number) =>
  spans.filter(({ attributes }) => attributes.iteration === iteration);

beforeAll(async () => {
  workspace = await makeWorkspace();
  collector = await startCollector();
  untraced = await train('untraced');
  const set = [...tracedTo(collector.endpoint), 'deployment.logLevel=debug'];
  traced = await train('traced', { set });
}, 120_000);

afterAll(async () => {
  await collector.close();
  workspace.remove();
});

describe('a traced run', () => {
  it('has the bits of one that is not', () => {
    expect(traced).toEqual(untraced);
  });

  it('is one trace for each iteration, across all services, under one root', () => {
    for (const iteration of [0, 1, 2, 3, 4, 5]) {
      const own = ofIteration(collector.spans, iteration);
      expect(new Set(own.map(({ traceId }) => traceId)).size).toBe(1);
      expect([...new Set(own.map(({ service }) => service))].sort()).toEqual(services);
      const roots = own.filter(({ parentSpanId }) => parentSpanId === undefined);
      expect(roots).toMatchObject([{ name: 'iteration', service: 'coordinator' }]);
      expect(roots[0]!.attributes).toMatchObject({ iteration, version: iteration, rebuilds: 0 });
      const ids = new Set(own.map(({ spanId }) => spanId));
      expect(own.filter((s) => s !== roots[0] && !ids.has(s.parentSpanId!))).toEqual([]);
      for (const { startMs, endMs } of own) {
        expect(startMs).toBeGreaterThanOrEqual(roots[0]!.startMs - 5);
        expect(endMs).toBeLessThanOrEqual(roots[0]!.endMs + 5);
      }
    }
  });

  it('has a span for each job, with what it did', () => {
    const own = ofIteration(collector.spans, 1);
    const named = (name: string) => own.filter((span) => span.name === name);
    // Of 3 prompts: 6 rollouts of the policy, in parts of 3, and 2 of the momentum model.
    expect(named('rollout')).toHaveLength(9);
    const rollouts = named('rollout').map(({ attributes }) => attributes);
    expect(rollouts.reduce((sum, each) => sum + Number(each.rollouts), 0)).toBe(24);
    for (const { role, version, tokens } of rollouts) {
      expect(['policy', 'momentum']).toContain(role);
      expect(version).toBe(1);
      expect(tokens).toBeGreaterThan(0);
    }
    expect(named('vote').map(({ attributes }) => attributes.rollouts)).toEqual([8, 8, 8]);
    for (const name of ['generate', 'store payload']) expect(named(name), name).toHaveLength(9);
    for (const name of ['add jobs', 'learn', 'collect', 'apply', 'journal', 'step', 'publish']) {
      expect(named(name), name).toHaveLength(1);
    }
    const all = collector.spans;
    const trained = all.filter(({ attributes }) => 'gradients_seconds' in attributes);
    expect(trained.length).toBeGreaterThan(0);
    expect(trained.every(({ name }) => name === 'step')).toBe(true);
    expect(all.filter(({ name }) => name === 'checkpoint')).toHaveLength(2);
    expect(all.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(new Set(all.map(({ attributes }) => attributes.run)).size).toBe(1);
  });

  it('shows the transfer of each version to each subscriber in the trace that made it', () => {
    const [publish] = ofIteration(collector.spans, 1).filter(({ name }) => name === 'publish');
    const sent = collector.spans.filter(({ parentSpanId }) => parentSpanId === publish!.spanId);
    expect(sent.map(({ name, attributes }) => [name, attributes.version])).toEqual(
      Array(2).fill(['send weights', 2]),
    );
    expect(sent.map(({ attributes }) => attributes.role).sort()).toEqual(['momentum', 'policy']);
  });

  it('traces evaluations too, to the learner that records them', () => {
    const roots = collector.spans.filter(({ name }) => name === 'evaluation');
    expect(roots.map(({ attributes }) => attributes.version)).toEqual([0, 3, 6]);
    for (const { traceId } of roots) {
      const own = collector.spans.filter((span) => span.traceId === traceId);
      const names = new Set(own.map(({ service, name }) => `${service} ${name}`));
      expect(names).toContain('policy-rollout generate');
      expect(names).toContain('coordinator score');
      expect(names).toContain('learner record evaluation');
    }
  });

  it('logs with run, iteration and trace', () => {
    const traces = new Map(
      collector.spans.map(({ attributes, traceId }) => [attributes.iteration, traceId]),
    );
    const run = collector.spans[0]!.attributes.run;
    const events = eventsOf('traced');
    const ofJobs = events.filter(({ msg }) => msg === 'job done');
    for (const service of services) {
      expect(ofJobs.some((event) => event.service === service)).toBe(true);
    }
    for (const event of ofJobs) {
      expect(event).toMatchObject({ run, trace: expect.stringMatching(/^[0-9a-f]{32}$/) });
      if ('iteration' in event) expect(event.trace).toBe(traces.get(event.iteration));
    }
    const checkpoint = events.find(({ msg }) => msg === 'checkpoint');
    expect(checkpoint).toMatchObject({ service: 'learner', iteration: 3, trace: traces.get(3) });
    expect(events.filter(({ msg }) => msg === 'draining').every((each) => each.run === run)).toBe(
      true,
    );
  });
});

it('without tracing, events have run and iteration, and no trace', () => {
  const events = eventsOf('untraced');
  const checkpoint = events.find(({ msg }) => msg === 'checkpoint');
  expect(checkpoint).toMatchObject({ run: expect.any(String), iteration: 3 });
  expect(events.filter((event) => 'trace' in event)).toEqual([]);
});

it('an iteration stays one trace when its coordinator is killed and when Redis forgets its jobs', async () => {
  const receiver = await startCollector();
  const server = await openRedis({
    url: null,
    folder: join(workspace.folder, 'redis'),
    tell: () => {},
    searchPath: process.env.PATH ?? '',
  });
  const redis = connectRedis(server.url);
  // Iterations that the coordinator may have ended before it was dead.
  let before = 0;
  try {
    const result = await train('disturbed', {
      set: tracedTo(receiver.endpoint),
      redisUrl: server.url,
      onIteration: (applied, pids) => {
        if (applied === 2) {
          process.kill(pids.get('coordinator')!, 'SIGKILL');
          before = appliedIterations(join(workspace.folder, 'disturbed'));
        }
        if (applied === 4) void redis.flushall();
      },
    });
    expect(result).toEqual({ ...untraced, restarts: ['coordinator'] });
    for (const iteration of [0, 1, 2, 3, 4, 5]) {
      const own = ofIteration(receiver.spans, iteration);
      expect(new Set(own.map(({ traceId }) => traceId)).size).toBe(1);
      // A coordinator that is killed takes the roots of its last second with it; none is written twice.
      const roots = own.filter(({ parentSpanId }) => parentSpanId === undefined);
      expect(roots.map(({ name }) => name)).toEqual(
        iteration < before ? roots.map(() => 'iteration') : ['iteration'],
      );
      expect(roots.length).toBeLessThanOrEqual(1);
    }
  } finally {
    redis.disconnect();
    await server.close();
    await receiver.close();
  }
});

it('a receiver that never answers changes nothing but one line in each log', async () => {
  const silent = await startCollector(() => null);
  const result = await train('unanswered', { set: tracedTo(silent.endpoint) });
  expect(result).toEqual(untraced);
  const warnings = eventsOf('unanswered').filter(({ msg }) =>
    /spans are dropped/.test(String(msg)),
  );
  expect(warnings.map(({ service }) => service).sort()).toEqual(services);
  await silent.close();
});
