import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import type { Bucket } from './bucket.ts';
import {
  checkpointOf,
  checkpointsOf,
  readStoredRun,
  type StoredPart,
  type StoredRun,
} from './stored-run.ts';
import { claimEpoch, claimedEpochs } from './upload-run.ts';

export interface RestoreOptions {
  /** The run that is expected, or null for whichever is there. */
  readonly runId: string | null;
  /** For a person, or the log. */
  tell(message: string): void;
}

// Learners of the run that was lost may have taken epochs that the store never heard of.
const epochJump = 1000;

/**
 * Makes a run folder from what the store has: the newest checkpoint that is whole (all of them for a run that may be rolled
 * back), the journal, metrics, configuration and manifest. The folder appears whole or not at all.
 *
 * @returns false when the store has no run
 * @throws INCOMPATIBLE when it has another, CORRUPT when the journal is damaged there, USAGE when the folder is not empty,
 *   and what the bucket throws
 */
export async function restoreRun(
  bucket: Bucket,
  runFolder: string,
  { runId, tell }: RestoreOptions,
): Promise<boolean> {
  const run = await readStoredRun(bucket);
  if (run === null) return false;
  if (runId !== null && run.runId !== runId) {
    const what = `${bucket.url} holds run ${run.runId}, this configuration, model and prompts are ${runId}`;
    throw new MgrpoError('INCOMPATIBLE', `${what}; go on with its own, or choose another prefix`);
  }
  await requireEmpty(runFolder);
  const folder = `${runFolder}.restoring`;
  await rm(folder, { recursive: true, force: true });
  tell(`taking run ${run.runId}, ${run.iterations} iterations, from ${bucket.url}`);
  for (const path of Object.keys(run.files)) {
    if (checkpointOf(path) === null) await download(bucket, run, { path, folder });
  }
  await restoreCheckpoints(bucket, run, { folder, tell });
  const epoch = Math.max(run.epoch, ...(await claimedEpochs(bucket))) + epochJump;
  await claimEpoch(bucket, epoch);
  await writeDurably(join(folder, runFiles.epochs, String(epoch)), []);
  // What a start that was broken off has left.
  await rm(join(runFolder, runFiles.config), { force: true });
  await rmdir(runFolder).catch(ignoreMissing);
  await mkdir(dirname(runFolder), { recursive: true });
  await rename(folder, runFolder);
  return true;
}

async function restoreCheckpoints(
  bucket: Bucket,
  run: StoredRun,
  { folder, tell }: { folder: string; tell(message: string): void },
): Promise<void> {
  const stored = JSON.parse(await readFile(join(folder, runFiles.config), 'utf8'));
  // A rollback may need one from before the newest.
  const wantsAll = stored?.collapse?.onCollapse === 'rollback';
  for (const iterations of checkpointsOf(run)) {
    const paths = Object.keys(run.files).filter((path) => checkpointOf(path) === iterations);
    try {
      for (const path of paths) await download(bucket, run, { path, folder });
      if (!wantsAll) return;
    } catch (error) {
      const isDamaged =
        error instanceof MgrpoError && ['CORRUPT', 'NOT_FOUND'].includes(error.code);
      if (!isDamaged) throw error;
      const name = `step-${iterations}`;
      await rm(join(folder, runFiles.checkpoints, name), { recursive: true, force: true });
      tell(`checkpoint ${name} in the store is not used: ${error.message}`);
    }
  }
}

/** Writes one file from its parts, each of which must be what `run.json` says. */
async function download(
  bucket: Bucket,
  { files }: StoredRun,
  { path, folder }: { path: string; folder: string },
): Promise<void> {
  await writeDurably(join(folder, path), partsOf(bucket, files[path] ?? []));
}

async function* partsOf(bucket: Bucket, parts: readonly StoredPart[]): AsyncGenerator<Buffer> {
  for (const { key, bytes, sha256 } of parts) {
    const hash = createHash('sha256');
    for await (const piece of bucket.pieces(key, { bytes })) {
      hash.update(piece);
      yield piece;
    }
    if (hash.digest('hex') === sha256) continue;
    const what = `${bucket.url}/${key} does not match its checksum`;
    throw new MgrpoError('CORRUPT', `${what}; bring back an earlier version of the object`);
  }
}

async function writeDurably(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'wx');
  try {
    for await (const piece of pieces) await handle.appendFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Nothing of a person's is lost: only what a start that was broken off leaves may be there. */
async function requireEmpty(runFolder: string): Promise<void> {
  const names = await readdir(runFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const others = names.filter((name) => name !== runFiles.config);
  if (others.length === 0) return;
  throw new MgrpoError(
    'USAGE',
    `${runFolder} holds no run, but ${others.slice(0, 3).join(', ')}; a run is restored into an empty folder only`,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
