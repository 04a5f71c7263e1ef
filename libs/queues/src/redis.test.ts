import { MgrpoError } from '@mgrpo/errors';
import { expect, it } from 'vitest';
import { isRedisOutage } from './redis.ts';

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
