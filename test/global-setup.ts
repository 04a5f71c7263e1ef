import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '@mgrpo/errors';
import { openRedis } from '@mgrpo/queues';
import type { TestProject } from 'vitest/node';
import { findSoftwareGpu } from './software-gpu.ts';

/**
 * Looks for a software GPU, and lets a fresh machine get its Redis server once, before tests that need one run side by
 * side.
 */
export async function setup(project: TestProject): Promise<void> {
  project.provide(
    'hasWebGpu',
    findSoftwareGpu((message) => console.warn(message)),
  );
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-tests-'));
  try {
    const redis = await openRedis({
      url: null,
      folder,
      tell: (message) => console.log(message),
      searchPath: process.env.PATH ?? '',
    });
    await redis.close();
  } catch (error) {
    // Most tests need none, and those that do say so themselves.
    console.warn(messageOf(error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
