import { execFileSync } from 'node:child_process';
import { readdirSync, statfsSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import type { Cluster } from '../cluster.ts';
import type { Fault } from '../fault.ts';

export const isRoot = process.getuid?.() === 0 && process.platform === 'linux';

/** The disk of the run folder has no room when the learner writes; it says so and ends, and goes on with room. */
const full: Fault = {
  name: 'disk-full',
  kind: 'disk',
  missing: () => (isRoot ? null : 'mounting a small file system needs root on Linux'),
  strike: async (cluster) => {
    const { bsize, blocks, bavail } = statfsSync(cluster.runFolder);
    const usedBytes = (blocks - bavail) * bsize;
    const failure = await cluster.expectFailure('learner', () =>
      resize(cluster.runFolder, usedBytes + 64 * 1024),
    );
    if (failure.code !== 'RESOURCE') throw failure;
    resize(cluster.runFolder, blocks * bsize);
    await cluster.start('learner');
    await cluster.ready('learner');
  },
};

function resize(folder: string, bytes: number): void {
  execFileSync('mount', ['-o', `remount,size=${Math.ceil(bytes / 4096) * 4}k`, folder]);
}

/** The newest checkpoint loses its end, and the learner dies before it can write another. */
const truncatedCheckpoint: Fault = {
  name: 'checkpoint-truncated',
  kind: 'disk',
  strike: async (cluster) => {
    const folder = join(cluster.runFolder, runFiles.checkpoints);
    const newest = () => newestOf(folder, /^step-\d+$/);
    await cluster.until('there is a checkpoint', () => newest() !== undefined);
    return await whileStopped(
      cluster,
      () => halve(join(folder, newest()!, 'trainer', 'optimizer.safetensors')),
      /checkpoint .* is not used/,
    );
  },
};

/** The journal ends in the middle of its last record. */
const cutJournal: Fault = {
  name: 'journal-cut',
  kind: 'disk',
  strike: async (cluster) => {
    const folder = join(cluster.runFolder, runFiles.journal);
    const cut = () => {
      const path = join(folder, newestOf(folder, /^\d+\.log$/)!);
      truncateSync(path, statSync(path).size - 100);
    };
    return await whileStopped(cluster, cut, /the last record was cut short/);
  },
};

/** Damages files under a learner that can't see it, and lets its successor find them: it says so by `words`. */
async function whileStopped(
  cluster: Cluster,
  damage: () => void,
  words: RegExp,
): Promise<'missed' | undefined> {
  await cluster.freeze('learner');
  if (cluster.isOver) {
    await cluster.signal('learner', 'SIGCONT');
    return 'missed';
  }
  damage();
  await cluster.kill('learner');
  requireWord(cluster, words);
  return undefined;
}

function newestOf(folder: string, pattern: RegExp): string | undefined {
  const number = (name: string) => Number(/\d+/.exec(name)?.[0]);
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort((a, b) => number(b) - number(a))[0];
}

function halve(path: string): void {
  truncateSync(path, statSync(path).size >> 1);
}

/** What was lost must be said aloud. */
function requireWord(cluster: Cluster, words: RegExp): void {
  if (!words.test(cluster.logOf('learner'))) throw new Error(`the learner's log lacks ${words}`);
}

export const diskFaults: readonly Fault[] = [full, truncatedCheckpoint, cutJournal];
