import { expect, test } from 'vitest';
import { hidePassword } from './index.ts';

test('passwords of URLs are not shown, wherever they stand', () => {
  expect(hidePassword('redis://:p@ss@host:6379/0')).toBe('redis://:***@host:6379/0');
  expect(hidePassword('no Redis at rediss://me:secret@host: gone')).toBe(
    'no Redis at rediss://me:***@host: gone',
  );
});

test('a URL without a password stays as it is', () => {
  expect(hidePassword('redis://host:6379')).toBe('redis://host:6379');
  expect(hidePassword('unix:///tmp/redis.sock')).toBe('unix:///tmp/redis.sock');
});
