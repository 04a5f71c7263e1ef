import { Writable } from 'node:stream';
import { NotYet, type PayloadRef } from '@mgrpo/queues';
import { createLogger, openTracer, WorkScope } from '@mgrpo/telemetry';
import { startCollector } from '@mgrpo/telemetry/testing';
import { expect, test } from 'vitest';
import { tracedJob } from './traced-job.ts';

test('a job that puts itself off has not failed; one that fails says so in span and log', async () => {
  const collector = await startCollector();
  const events: object[] = [];
  const stream = new Writable({
    write: (line, _encoding, done) => {
      events.push(JSON.parse(String(line)));
      done();
    },
  });
  const scope = new WorkScope();
  const log = createLogger({ service: 'voter', level: 'info', scope }, stream);
  const tracer = await openTracer({
    ...{ endpoint: collector.endpoint, sampleRatio: 1, service: 'voter', instance: 'here:1' },
    ...{ scope, log, onDropped: () => {} },
  });
  const outcomes = [new NotYet('weights of version 3 have not arrived'), new Error('no memory')];
  const run = tracedJob<{ iteration: number }>({
    ...{ name: 'rollout', tracer, log },
    describe: ({ iteration }) => ({ iteration }),
    handle: async (): Promise<PayloadRef | null> => {
      const error = outcomes.shift();
      if (error !== undefined) throw error;
      return null;
    },
  });
  const { signal } = new AbortController();
  const job = { data: { iteration: 3 }, addedAtMs: 0, signal, children: async () => [] };
  const received = { ...job, traceparent: tracer.newTrace() };
  await expect(run(received)).rejects.toBeInstanceOf(NotYet);
  await expect(run(received)).rejects.toThrow('no memory');
  expect(await run(received)).toBeNull();
  await tracer.close(2000);
  await collector.close();
  expect(collector.spans.map(({ attributes, error }) => [attributes.put_off, error])).toEqual([
    ['weights of version 3 have not arrived', undefined],
    [undefined, 'no memory'],
    [undefined, undefined],
  ]);
  expect(events).toMatchObject([
    { level: 'warn', job: 'rollout', error: 'no memory', iteration: 3, msg: 'job failed' },
  ]);
});
