import { MgrpoError } from '@mgrpo/errors';
import { expect, test } from 'vitest';
import { type Attempt, pauseAfter, withRetries } from './retries.ts';

const policy = {
  attempts: 4,
  deadlineMs: 60_000,
  firstPauseMs: 8,
  maxPauseMs: 50,
  random: () => 0.5,
};
const forever = new AbortController().signal;
const again = (afterMs: number | null = null): Attempt<string> => ({
  kind: 'again',
  error: new MgrpoError('UNAVAILABLE', 'server down'),
  afterMs,
  isBusy: false,
});

test('pauses double up to the longest, and jitter shortens them by up to a half', () => {
  const pauses = [1, 2, 3, 4, 9].map((number) => pauseAfter(number, policy));
  expect(pauses).toEqual([6, 12, 24, 37.5, 37.5]);
  expect(pauseAfter(3, { ...policy, random: () => 0 })).toBe(16);
});

test('the last error ends it after so many tries', async () => {
  let tries = 0;
  const failing = withRetries(policy, forever, async () => {
    tries++;
    return again();
  });
  await expect(failing).rejects.toThrow('server down (after 4 tries)');
  expect(tries).toBe(4);
});

test('Retry-After is waited for, and ends it at once where it is beyond the deadline', async () => {
  const startedAt = performance.now();
  const tries = [again(60), { kind: 'done', value: 'ok' } as const];
  expect(await withRetries(policy, forever, async () => tries.shift()!)).toBe('ok');
  expect(performance.now() - startedAt).toBeGreaterThan(55);
  await expect(withRetries(policy, forever, async () => again(100_000))).rejects.toThrow(
    'after 1 tries',
  );
});

test('an abort ends the pause', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  const slow = { ...policy, firstPauseMs: 900, maxPauseMs: 900 };
  await expect(withRetries(slow, abort.signal, async () => again())).rejects.toMatchObject({
    code: 'CANCELLED',
  });
});
