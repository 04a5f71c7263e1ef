import { expect, it } from 'vitest';
import { Broadcast } from './broadcast.ts';

async function take<T>(broadcast: Broadcast<T>, count: number): Promise<T[]> {
  const values: T[] = [];
  for await (const value of broadcast.read(new AbortController().signal)) {
    values.push(value);
    if (values.length === count) break;
  }
  return values;
}

it('gives a late reader the newest value, then every later one in order', async () => {
  const broadcast = new Broadcast<number>();
  broadcast.publish(1);
  broadcast.publish(2);
  const reading = take(broadcast, 3);
  broadcast.publish(3);
  broadcast.publish(4);
  expect(await reading).toEqual([2, 3, 4]);
});

it('drops the oldest of a reader that falls behind, never the newest', async () => {
  const broadcast = new Broadcast<number>(2);
  const reading = take(broadcast, 2);
  for (const value of [1, 2, 3]) broadcast.publish(value);
  expect(await reading).toEqual([2, 3]);
});

it('ends its readers when it closes, and when they go', async () => {
  const broadcast = new Broadcast<number>();
  const abort = new AbortController();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const value of broadcast.read(abort.signal)) seen.push(value);
  })();
  broadcast.publish(1);
  await Promise.resolve();
  abort.abort();
  await reading;
  const second = take(broadcast, 99);
  broadcast.close();
  expect(await second).toEqual([1]);
});
