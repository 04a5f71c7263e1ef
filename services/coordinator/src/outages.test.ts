import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MgrpoError } from '@mgrpo/errors';
import { connectRedis, openRedis } from '@mgrpo/queues';
import { createLogger } from '@mgrpo/telemetry';
import { expect, it } from 'vitest';
import { Outages } from './outages.ts';

const log = createLogger({ service: 'coordinator', level: 'silent' });
const away = async () => {
  throw new MgrpoError('UNAVAILABLE', 'the learner is away');
};

it('goes on after an outage that ends in time', async () => {
  const outages = new Outages(60_000, log);
  await outages.through(away);
  expect(outages.reason).toBe('the learner is away');
  await outages.through(async () => {});
  expect(outages.reason).toBe('');
});

it('gives up an outage that lasts, and anything else at once', async () => {
  const outages = new Outages(30, log);
  await outages.through(away);
  await new Promise((resolve) => setTimeout(resolve, 40));
  await expect(outages.through(away)).rejects.toThrow('the learner is away');
  const wrong = new MgrpoError('INVALID_MESSAGE', 'no job of ours');
  await expect(outages.through(() => Promise.reject(wrong))).rejects.toThrow('no job of ours');
});

it('gives up a Redis that has gone without a word, though its commands wait for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-outages-'));
  const server = await openRedis({
    url: null,
    folder,
    tell: () => {},
    searchPath: process.env.PATH ?? '',
  });
  const redis = connectRedis(server.url);
  try {
    await redis.ping();
    const outages = new Outages(400, log);
    const ask = async () => {
      await redis.get('anything');
    };
    await outages.through(ask);
    await server.close();
    await expect(outages.through(ask)).rejects.toThrow('Redis did not answer for 0.4 s');
  } finally {
    redis.disconnect();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
