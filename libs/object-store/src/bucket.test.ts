import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBucket } from './open-bucket.ts';
import { sha256Of } from './requests.ts';
import { bucketOf, startStore, storeSettings, temporaryFolder } from './testing.ts';

const collect = async (pieces: AsyncIterable<Buffer>) => {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};

test('objects are written, read, listed over pages and deleted, whatever is in their names', async () => {
  const server = await startStore();
  const bucket = bucketOf(server);
  const keys = ['a', 'b/c d', 'b/e+f', 'b/g&h', "b/i'(j)*!", 'b/k=l'];
  for (const key of keys) await bucket.write(key, Buffer.from(key));
  server.put('runs/one-more/x', 'of another prefix');
  expect((await bucket.list('')).map(({ key }) => key)).toEqual(keys);
  expect((await bucket.list('b/e')).map(({ key, bytes }) => [key, bytes])).toEqual([['b/e+f', 5]]);
  for (const key of keys) expect(String(await bucket.read(key))).toBe(key);
  await bucket.delete('b/g&h');
  expect(await bucket.read('b/g&h')).toBeNull();
  expect(server.objects.has('runs/one/a')).toBe(true);
});

test('a long file goes in parts and comes in pieces', async () => {
  const server = await startStore();
  const bucket = bucketOf(server);
  const content = randomBytes(17 * 2 ** 20);
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, content);
  const expected = { bytes: content.length, sha256: sha256Of(content) };
  const sent: number[] = [];
  await bucket.writeFile('file', { path, expected, onBytes: (bytes) => sent.push(bytes) });
  expect(sent).toEqual([8, 8, 1].map((mebibytes) => mebibytes * 2 ** 20));
  const [{ bytes, etag } = { bytes: 0, etag: '' }] = await bucket.list('file');
  expect((await collect(bucket.pieces('file', { bytes, etag }))).equals(content)).toBe(true);
});

test('a file that changed is not uploaded, nor are parts of it left', async () => {
  const server = await startStore();
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, randomBytes(9 * 2 ** 20));
  const expected = { bytes: 9 * 2 ** 20, sha256: sha256Of(Buffer.from('another')) };
  const writing = bucketOf(server).writeFile('file', { path, expected, onBytes: () => {} });
  await expect(writing).rejects.toMatchObject({ code: 'CORRUPT' });
  expect(server.objects.size).toBe(0);
  expect(server.requests.at(-1)).toMatchObject({ method: 'DELETE' });
});

test.each([
  { kind: 'status', status: 500, code: 'InternalError' },
  { kind: 'status', status: 503, code: 'SlowDown' },
  { kind: 'status', status: 429, code: 'TooManyRequests' },
  { kind: 'status', status: 400, code: 'XAmzContentSHA256Mismatch' },
  { kind: 'cut' },
  { kind: 'slow', ms: 3000 },
] as const)('a request that fails by %o is made again', async (fault) => {
  const server = await startStore();
  const bucket = bucketOf(server, { requestMs: 1500 });
  server.fault = () => (server.requests.length === 1 ? fault : null);
  await bucket.write('key', Buffer.from('value'));
  expect(server.objects.get('runs/one/key')?.body.toString()).toBe('value');
  expect(server.requests).toHaveLength(2);
});

test('a store that stays away is UNAVAILABLE after the tries, and says so', async () => {
  const server = await startStore();
  const bucket = bucketOf(server);
  server.fault = () => ({ kind: 'status', status: 503, code: 'SlowDown' });
  await expect(bucket.read('key')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(
      /s3:\/\/bucket\/runs\/one\/key: the store answers 503 SlowDown.* 3 tries/,
    ),
  });
  server.close();
  await expect(bucket.read('key')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test.each([
  [{ status: 403, code: 'AccessDenied' }, 'PERMISSION_DENIED', 'what they may do'],
  [{ status: 403, code: 'RequestTimeTooSkewed' }, 'PERMISSION_DENIED', 'clock'],
  [{ status: 301, code: 'PermanentRedirect' }, 'INVALID_CONFIG', 'deployment.store.region'],
  [{ status: 404, code: 'NoSuchBucket' }, 'NOT_FOUND', 'make the bucket'],
] as const)('%o is told at once, with the remedy', async (refusal, code, remedy) => {
  const server = await startStore();
  server.fault = () => ({ kind: 'status', ...refusal });
  const failing = bucketOf(server).read('key');
  await expect(failing).rejects.toMatchObject({ code, message: expect.stringContaining(remedy) });
  expect(server.requests).toHaveLength(1);
});

test('wrong and missing credentials are refused, and no message has a secret', async () => {
  const server = await startStore();
  const store = storeSettings(server);
  const secret = 'not-the-secret';
  const read = (env: Record<string, string>) =>
    openBucket('s3://bucket', { store, env }).read('key');
  const wrong = await read({ ...server.env, AWS_SECRET_ACCESS_KEY: secret }).catch(String);
  expect(wrong).toMatch(/SignatureDoesNotMatch/);
  expect(wrong).not.toContain(secret);
  const file = join(await temporaryFolder(), 'credentials');
  const missing = { AWS_SHARED_CREDENTIALS_FILE: file };
  await expect(read(missing)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: key,
    AWS_SESSION_TOKEN: token,
  } = server.env;
  await writeFile(
    file,
    `[default]\naws_access_key_id = nobody\naws_secret_access_key = none\n\n[mine]\n# me\naws_access_key_id=${id}\naws_secret_access_key = ${key}\naws_session_token = ${token}\n`,
  );
  await expect(read({ ...missing, AWS_PROFILE: 'mine' })).resolves.toBeNull();
  await expect(read({ ...missing, AWS_PROFILE: 'his' })).rejects.toThrow('profile his');
  await expect(read(missing)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
});
