import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError } from '@mgrpo/errors';
import type { Files } from './files.ts';
import { ensureFolder, hasErrno, syncFolder, writeError } from './files.ts';

/**
 * The right to write to a run folder: `epochs/N`, created exclusively, with N above every earlier one.
 *
 * A learner that starts takes the next number and so displaces the one before, which notices at its next
 * append: two learners can't both be believed.
 */
export class LearnerEpoch {
  readonly value: number;
  readonly #folder: string;

  private constructor(folder: string, value: number) {
    this.#folder = folder;
    this.value = value;
  }

  /** Takes the next epoch of the run. */
  static async take(folder: string, files: Files): Promise<LearnerEpoch> {
    await ensureFolder(folder, files);
    for (;;) {
      const value = (await newestEpoch(folder)) + 1;
      try {
        await (await files.open(join(folder, String(value)), 'wx')).close();
        await syncFolder(folder, files);
        return new LearnerEpoch(folder, value);
      } catch (error) {
        // Another learner was faster: the next number displaces it.
        if (!hasErrno(error, 'EEXIST')) throw writeError(folder, error);
      }
    }
  }

  /** STALE_EPOCH when another learner has taken over. */
  async check(): Promise<void> {
    const newest = await newestEpoch(this.#folder);
    if (newest <= this.value) return;
    const what = `learner epoch ${this.value} was displaced by epoch ${newest}`;
    throw new MgrpoError('STALE_EPOCH', `${what}: another learner writes to this run now`);
  }
}

/** The highest epoch taken so far, 0 before the first. */
async function newestEpoch(folder: string): Promise<number> {
  const names = await readdir(folder);
  return Math.max(0, ...names.filter((name) => /^[1-9]\d{0,8}$/.test(name)).map(Number));
}
