import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FixtureHandlers } from './engine.fixture.ts';
import { type Engine, startEngine } from './engine.ts';

const url = new URL('./engine.fixture.ts', import.meta.url);
const start = (greeting = 'Hello') =>
  startEngine<{ greeting: string }, FixtureHandlers>(url, { greeting }, { name: 'fixture' });
let engine: Engine<FixtureHandlers>;

beforeAll(async () => {
  engine = await start();
});
afterAll(() => engine.close());

test('calls run in the thread and return by value', async () => {
  expect(await engine.call('greet', 'Ada')).toBe('Hello, Ada');
  const answers = ['a', 'b', 'c'].map((name) => engine.call('greet', name));
  expect(await Promise.all(answers)).toEqual(['Hello, a', 'Hello, b', 'Hello, c']);
});

test('transferred parameters are moved, not copied', async () => {
  const values = Float32Array.of(1, 2, 3);
  expect(await engine.call('twice', values, { transfer: [values.buffer] })).toEqual(
    Float32Array.of(2, 4, 6),
  );
  expect(values.length).toBe(0);
});

test('an error of the thread arrives with its code, message and stack', async () => {
  await expect(engine.call('fail', 'NOT_FOUND')).rejects.toMatchObject({
    name: 'MgrpoError',
    code: 'NOT_FOUND',
    message: 'no weights of version 7 here; send them first',
    cause: { stack: expect.stringContaining('engine.fixture.ts') },
  });
});

test('a signal rejects the call at once and leaves the engine usable', async () => {
  const abort = new AbortController();
  const waiting = engine.call('wait', 60_000, { signal: abort.signal });
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(engine.call('greet', 'x', { signal: abort.signal })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  expect(await engine.call('greet', 'Ada')).toBe('Hello, Ada');
});

test('parameters that no thread can receive are refused and forgotten', async () => {
  const notClonable = (() => 1) as unknown as string;
  await expect(engine.call('greet', notClonable)).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a crash of the thread rejects every pending and every later call', async () => {
  const doomed = await start();
  const pending = [doomed.call('wait', 60_000), doomed.call('crash', undefined)];
  for (const outcome of await Promise.allSettled(pending)) {
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'INTERNAL', message: expect.stringContaining('fixture engine thread died') },
    });
  }
  await expect(doomed.call('greet', 'x')).rejects.toThrow('segmentation of the imagination');
  expect(await doomed.ended).toMatchObject({ code: 'INTERNAL' });
  await doomed.close();
});

test('close cancels what runs, waits for it and refuses what comes later', async () => {
  const closing = await start();
  const waiting = closing.call('wait', 60_000);
  const outcome = expect(waiting).rejects.toThrow();
  await Promise.all([closing.close(), closing.close(), outcome]);
  expect(await closing.ended).toBeUndefined();
  await expect(closing.call('greet', 'x')).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('an engine that can not open says why', async () => {
  await expect(start('')).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
});
