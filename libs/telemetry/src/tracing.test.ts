import { Writable } from 'node:stream';
import { MgrpoError } from '@mgrpo/errors';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { type Collector, startCollector } from './testing.ts';
import { formatTraceparent, newTraceContext, parseTraceparent } from './traceparent.ts';
import { openTracer, type Tracer } from './tracer.ts';
import { WorkScope } from './work-scope.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function collect(reply?: () => number | null): Promise<Collector> {
  const collector = await startCollector(reply);
  closers.push(() => collector.close());
  return collector;
}

/** A tracer with its scope, the events that are logged, and what it drops. */
async function open(endpoint: string | null, sampleRatio = 1) {
  const events: Record<string, unknown>[] = [];
  const write = (line: unknown, _encoding: unknown, done: () => void) => {
    events.push(JSON.parse(String(line)));
    done();
  };
  const scope = new WorkScope();
  const log = createLogger({ service: 'voter', level: 'info', scope }, new Writable({ write }));
  const dropped: Record<string, number> = {};
  const tracer = await openTracer({
    endpoint,
    sampleRatio,
    service: 'voter',
    instance: 'here:1',
    scope,
    log,
    onDropped: (reason, numSpans) => {
      dropped[reason] = (dropped[reason] ?? 0) + numSpans;
    },
  });
  closers.push(() => tracer.close(0));
  return { tracer, scope, log, events, dropped };
}

const someSpans = async (tracer: Tracer, count: number) => {
  for (let i = 0; i < count; i++) await tracer.span('some', {}, () => {});
};

test('spans of several tracers are one trace, and events say where they belong', async () => {
  const { endpoint, spans } = await collect();
  const coordinator = await open(endpoint);
  const voter = await open(`${endpoint}/`);
  const startedAtMs = Date.now() - 5000;
  const traceparent = coordinator.tracer.newTrace()!;
  voter.scope.join('f00d');
  const options = { iteration: 3, parent: traceparent, attributes: { prompts: 2 } };
  const result = await voter.tracer.span('vote', options, async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    voter.log.info('voting');
    span.set({ rollouts: 8 });
    return await voter.tracer.span('store payload', {}, () => 7);
  });
  voter.log.info('idle');
  coordinator.tracer.record('iteration', { traceparent, startedAtMs, iteration: 3 });
  await Promise.all([coordinator.tracer.close(2000), voter.tracer.close(2000)]);
  expect(result).toBe(7);
  const [root, vote, store] = ['iteration', 'vote', 'store payload'].map((name) =>
    spans.find((span) => span.name === name),
  );
  const { traceId, spanId } = parseTraceparent(traceparent)!;
  expect(root).toMatchObject({ traceId, spanId, startMs: startedAtMs });
  expect(root).not.toHaveProperty('parentSpanId');
  expect(vote).toMatchObject({
    service: 'voter',
    traceId,
    parentSpanId: spanId,
    attributes: { run: 'f00d', iteration: 3, prompts: 2, rollouts: 8 },
  });
  expect(vote!.endMs - vote!.startMs).toBeGreaterThan(4);
  expect(store).toMatchObject({
    traceId,
    parentSpanId: vote!.spanId,
    attributes: { iteration: 3 },
  });
  expect(voter.events).toMatchObject([
    { msg: 'voting', service: 'voter', run: 'f00d', iteration: 3, trace: traceId },
    { msg: 'idle', run: 'f00d' },
  ]);
  expect(voter.events[1]).not.toHaveProperty('trace');
});

test('an error is recorded with its span and goes on', async () => {
  const { endpoint, spans } = await collect();
  const { tracer } = await open(endpoint);
  const failing = tracer.span('learn', {}, () => {
    throw new MgrpoError('CORRUPT', 'payload k has another hash');
  });
  await expect(failing).rejects.toMatchObject({ code: 'CORRUPT' });
  const traceparent = tracer.newTrace()!;
  tracer.record('iteration', { traceparent, startedAtMs: Date.now(), error: 'failed 6 times' });
  await tracer.close(2000);
  expect(spans).toMatchObject([
    { name: 'learn', error: 'payload k has another hash' },
    { name: 'iteration', error: 'failed 6 times' },
  ]);
});

test.each([null, 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])(
  'a job that says %s of its trace begins one',
  async (parent) => {
    const { endpoint, spans } = await collect();
    const { tracer } = await open(endpoint);
    await tracer.span('rollout', { parent }, ({ traceparent }) => {
      expect(parseTraceparent(traceparent)?.isSampled).toBe(true);
    });
    await tracer.close(2000);
    expect(spans).toMatchObject([{ name: 'rollout' }]);
    expect(spans[0]).not.toHaveProperty('parentSpanId');
  },
);

test('a trace that is not sampled leaves no span in any service, and no id in events', async () => {
  const { endpoint, spans } = await collect();
  const coordinator = await open(endpoint, 0);
  const voter = await open(endpoint);
  const traceparent = coordinator.tracer.newTrace()!;
  await voter.tracer.span('vote', { parent: traceparent, iteration: 1 }, async (span) => {
    expect(parseTraceparent(span.traceparent)?.isSampled).toBe(false);
    voter.log.info('voting');
    await voter.tracer.span('store payload', {}, () => {});
  });
  coordinator.tracer.record('iteration', { traceparent, startedAtMs: 0 });
  await Promise.all([coordinator.tracer.close(2000), voter.tracer.close(2000)]);
  expect(spans).toEqual([]);
  expect(voter.events[0]).toMatchObject({ iteration: 1 });
  expect(voter.events[0]).not.toHaveProperty('trace');
});

test('tracing that is off says in events what they belong to, and gives jobs nothing', async () => {
  const { tracer, log, events } = await open(null);
  expect(tracer.newTrace()).toBeNull();
  await tracer.span('vote', { iteration: 2, parent: 'x' }, async ({ traceparent }) => {
    expect(traceparent).toBeNull();
    await tracer.span('store payload', {}, () => log.info('voting'));
  });
  expect(events[0]).toMatchObject({ iteration: 2 });
  expect(events[0]).not.toHaveProperty('trace');
});

test('nobody listens: spans are counted, one warning, and the work is not kept waiting', async () => {
  const { tracer, dropped, events } = await open('http://127.0.0.1:9');
  await someSpans(tracer, 700);
  const startedAtMs = performance.now();
  await tracer.close(300);
  expect(performance.now() - startedAtMs).toBeLessThan(5000);
  await someSpans(tracer, 1);
  expect(dropped).toEqual({ 'not-sent': 701 });
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ level: 'warn', url: 'http://127.0.0.1:9/v1/traces' });
});

test('a receiver that never answers: the queue is bounded', async () => {
  const { endpoint } = await collect(() => null);
  const { tracer, dropped } = await open(endpoint);
  await someSpans(tracer, 9000);
  await tracer.close(50);
  expect(dropped).toEqual({ 'queue-full': 9000 - 8192, 'not-sent': 8192 });
});

test('a receiver that refuses loses the batch, not those after it', async () => {
  let status = 400;
  const { endpoint, spans } = await collect(() => status);
  const { tracer, dropped } = await open(endpoint);
  await someSpans(tracer, 512);
  await expect.poll(() => dropped).toEqual({ 'not-sent': 512 });
  status = 200;
  await someSpans(tracer, 2);
  await tracer.close(2000);
  expect(spans).toHaveLength(2);
});

test('a traceparent is read as it was written; what is none is null', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (ratio) => {
      const context = newTraceContext(ratio);
      expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
    }),
  );
  const valid = formatTraceparent(newTraceContext(1));
  const positions = fc.nat({ max: valid.length - 1 });
  const oneMissing = positions.map((at) => valid.slice(0, at) + valid.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(oneMissing, fc.anything()), (value) => {
      expect(parseTraceparent(value)).toBeNull();
    }),
  );
});

test('a ratio of traces is sampled', () => {
  const sampled = Array.from({ length: 4000 }, () => newTraceContext(0.25)).filter(
    ({ isSampled }) => isSampled,
  );
  expect(sampled.length).toBeGreaterThan(800);
  expect(sampled.length).toBeLessThan(1200);
});
