import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError } from '@mgrpo/errors';
import { expect, test } from 'vitest';
import type { RunSnapshot } from './run-snapshot.ts';
import { RunUploader } from './run-uploader.ts';

const snapshot = (iterations: number): RunSnapshot => ({
  ...{ iterations, checkpoint: iterations },
  ...{ grown: new Map(), replaced: new Map() },
});

/** An uploader of which each upload ends when the test says so. */
function uploader(retryMs = 1) {
  const begun: number[] = [];
  const uploaded: number[] = [];
  const failures: string[] = [];
  let current = Promise.withResolvers<void>();
  const made = new RunUploader({
    upload: ({ iterations }) => {
      begun.push(iterations);
      current = Promise.withResolvers();
      return current.promise;
    },
    abort: () => current.reject(new MgrpoError('CANCELLED', 'aborted')),
    retryMs,
    onUploaded: ({ iterations }) => uploaded.push(iterations),
    onFailure: (message, isFinal) => failures.push(`${message} ${isFinal}`),
  });
  const succeed = async () => {
    current.resolve();
    await sleep(1);
  };
  const fail = async (error: Error) => {
    current.reject(error);
    await sleep(20);
  };
  return { uploader: made, begun, uploaded, failures, succeed, fail };
}

test('the newest snapshot takes the place of the one that waits, in order, and both are pinned until then', async () => {
  const { uploader: queue, begun, uploaded, succeed } = uploader();
  for (const iterations of [1, 2, 3]) queue.add(snapshot(iterations));
  expect([1, 2, 3].map((each) => queue.isPinned(each))).toEqual([true, false, true]);
  await succeed();
  await succeed();
  expect([1, 3].map((each) => queue.isPinned(each))).toEqual([false, false]);
  queue.add(snapshot(4));
  await succeed();
  expect(begun).toEqual([1, 3, 4]);
  expect(uploaded).toEqual([1, 3, 4]);
  expect(await queue.finish(performance.now() + 1000)).toBeNull();
});

test('an upload that fails is tried again, or the newer one that waits instead of it', async () => {
  const { uploader: queue, begun, uploaded, failures, succeed, fail } = uploader();
  queue.add(snapshot(1));
  await fail(new MgrpoError('UNAVAILABLE', 'away'));
  queue.add(snapshot(2));
  await fail(new MgrpoError('PERMISSION_DENIED', 'denied'));
  await succeed();
  expect(begun).toEqual([1, 1, 2]);
  expect(uploaded).toEqual([2]);
  expect(failures).toEqual(['away false', 'denied false']);
});

test('the end waits until its limit, and says what is left', async () => {
  const { uploader: queue, uploaded } = uploader();
  queue.add(snapshot(1));
  const startedAt = Date.now();
  expect(await queue.finish(performance.now() + 50)).toMatchObject({ iterations: 1 });
  expect(Date.now() - startedAt).toBeLessThan(10_000);
  expect(uploaded).toEqual([]);
  queue.add(snapshot(2));
  expect(queue.isPinned(2)).toBe(false);
});

test('a pause is ended by the end, which tries once more', async () => {
  const { uploader: queue, begun, fail, succeed } = uploader(60_000);
  queue.add(snapshot(1));
  await fail(new MgrpoError('UNAVAILABLE', 'away'));
  const ending = queue.finish(performance.now() + 5000);
  await sleep(200);
  expect(begun).toEqual([1, 1]);
  await succeed();
  expect(await ending).toBeNull();
});

test('where the store has another run, nothing is tried again', async () => {
  const { uploader: queue, begun, failures, fail } = uploader();
  queue.add(snapshot(1));
  await fail(new MgrpoError('INCOMPATIBLE', 'another'));
  queue.add(snapshot(2));
  expect(begun).toEqual([1]);
  expect(failures).toEqual(['another true']);
  expect(await queue.finish(performance.now() + 1000)).toMatchObject({ iterations: 1 });
});
