import { expect, it } from 'vitest';
import { sentinelOptions } from './sentinel-url.ts';

it('names the Sentinels and the master', () => {
  expect(sentinelOptions('redis+sentinel://a.b:26379,b:26380/run-1')).toEqual({
    sentinels: [
      { host: 'a.b', port: 26379 },
      { host: 'b', port: 26380 },
    ],
    name: 'run-1',
  });
});

it('takes user, password and TLS', () => {
  expect(sentinelOptions('rediss+sentinel://me:p%40ss@a:1/run')).toMatchObject({
    username: 'me',
    password: 'p@ss',
    enableTLSForSentinelMode: true,
  });
});

it('leaves other addresses alone', () => {
  expect(sentinelOptions('redis://a:6379')).toBeNull();
  expect(sentinelOptions('unix:///tmp/redis.sock')).toBeNull();
});

it.each(['redis+sentinel://a:1', 'redis+sentinel://a/run', 'redis+sentinel:///run'])(
  'refuses %s',
  (url) => {
    expect(() => sentinelOptions(url)).toThrow('is no address of the form');
  },
);

it.each([
  ['user', 'redis+sentinel://m%e:secret@a:1/run'],
  ['password', 'redis+sentinel://me:secret%zz@a:1/run'],
  ['password', 'redis+sentinel://:secret%@a:1/run'],
])('refuses a %s with a broken escape, and does not tell it', (part, url) => {
  const refused = () => sentinelOptions(url);
  expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
  expect(refused).toThrow(`the ${part} in the address of Redis has a % that begins no escape`);
  expect(refused).not.toThrow(/secret/);
});
