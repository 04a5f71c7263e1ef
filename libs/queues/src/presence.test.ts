import { afterAll, beforeAll, expect, it } from 'vitest';
import { livingServices, Presence } from './presence.ts';
import { startRedis, type TestRedis } from './testing.ts';

const prefix = '{mgrpo.r1}';
const sign = { service: 'voter', process: 'b:1', state: 'ready', weightVersions: [], jobs: 0 };

let redis: TestRedis['redis'];
let close: TestRedis['close'];
beforeAll(async () => {
  ({ redis, close } = await startRedis());
});
afterAll(() => close());

it('lists who gives signs of life, forgets the dead and skips what it cannot read', async () => {
  const presence = new Presence({
    redis,
    prefix,
    describe: () => sign,
    onError: (error) => expect.unreachable(error.message),
  });
  await redis.sadd(`${prefix}:processes`, 'a:dead', 'c:other', 'd:torn');
  await redis.set(`${prefix}:alive:c:other`, JSON.stringify({ ...sign, mood: 'good' }));
  await redis.set(`${prefix}:alive:d:torn`, '{"service":');
  await expect.poll(() => livingServices(redis, prefix)).toEqual([sign]);
  expect(await redis.smembers(`${prefix}:processes`)).not.toContain('a:dead');
  presence.close();
});

it('tells of a service that cannot say how it is, and asks it again', async () => {
  const errors: string[] = [];
  const presence = new Presence({
    redis,
    prefix,
    describe: () => {
      throw new Error('the engine has ended');
    },
    onError: ({ message }) => errors.push(message),
  });
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  expect(errors[0]).toBe('no sign of life could be given: the engine has ended');
  presence.close();
});
