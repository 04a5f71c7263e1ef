import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deploymentSchema, type RunConfig } from '@mgrpo/config';
import { onTestFinished } from 'vitest';
import type { Bucket } from './bucket.ts';
import { openBucket } from './open-bucket.ts';
import { S3Server } from './s3-server.fixture.ts';

type StoreSettings = RunConfig['deployment']['store'];

/** A double of a store, gone when the test is over. */
export async function startStore(): Promise<S3Server> {
  const server = await S3Server.start();
  onTestFinished(() => server.close());
  return server;
}

/** Settings by which the double is found, with few tries. */
export function storeSettings(server: S3Server, more: Partial<StoreSettings> = {}): StoreSettings {
  const { store } = deploymentSchema.parse({});
  return { ...store, endpoint: server.endpoint, attempts: 3, ...more };
}

/** s3://bucket/runs/one in the double. */
export function bucketOf(server: S3Server, more: Partial<StoreSettings> = {}): Bucket {
  return openBucket('s3://bucket/runs/one', {
    store: storeSettings(server, more),
    env: server.env,
  });
}

/** A new empty folder, removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
