import { MgrpoError } from '@mgrpo/errors';
import { expect, it, onTestFinished } from 'vitest';
import { connectRedis, isRedisOutage } from './redis.ts';
import { startRedis } from './testing.ts';

it.each([
  "OOM command not allowed when used memory > 'maxmemory'.",
  'LOADING Redis is loading the dataset in memory',
  'ERR Error running script: -OOM command not allowed',
  'Connection is closed.',
  'connect ECONNREFUSED 127.0.0.1:6379',
])('waiting helps: %s', (message) => {
  expect(isRedisOutage(new Error(message))).toBe(true);
});

it.each([
  new Error('WRONGTYPE Operation against a key holding the wrong kind of value'),
  new MgrpoError('NOT_FOUND', 'payload k is gone from Redis: ECONNRESET'),
  'OOM',
])('waiting does not help: %s', (error) => {
  expect(isRedisOutage(error)).toBe(false);
});

it('a transaction that is discarded for want of memory is worth another try, one with a wrong command is not', async () => {
  const { redis, close } = await startRedis(1000);
  onTestFinished(close);
  const discarded = await redis
    .multi()
    .set('key', 'value')
    .call('NO-SUCH-COMMAND')
    .exec()
    .catch((error: unknown) => error);
  expect(String(discarded)).toContain('EXECABORT');
  expect(isRedisOutage(discarded)).toBe(false);
  await redis.config('SET', 'maxmemory', 1);
  const full = await redis
    .multi()
    .set('key', 'value')
    .exec()
    .catch((error: unknown) => error);
  expect(String(full)).toContain('EXECABORT');
  expect(isRedisOutage(full)).toBe(true);
});

it.each(['redis://me:secret%zz@cache:6379', 'redis://:secret@cache:66666'])(
  'an address that can not be read is refused without its password: %#',
  (url) => {
    const refused = () => connectRedis(url);
    expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    expect(refused).toThrow(/^redis:\/\/(me)?:\*\*\*@cache:\d+ is no address of a Redis/);
  },
);
