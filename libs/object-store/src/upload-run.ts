import { MgrpoError } from '@mgrpo/errors';
import type { Bucket } from './bucket.ts';
import { readBlock } from './read-block.ts';
import {
  keptCheckpointFiles,
  type PartList,
  type PartSource,
  type RunSnapshot,
} from './run-snapshot.ts';
import { keysOf, readStoredRun, type StoredPart, type StoredRun, storeKeys } from './stored-run.ts';

export interface UploadOptions {
  readonly bucket: Bucket;
  readonly runId: string;
  readonly epoch: number;
  /** How many of the newest checkpoints stay in the store. */
  readonly keep: number;
  readonly parts: PartList;
  onBytes(bytes: number): void;
}

/**
 * Brings the store from one state of the run to a later one. `run.json` is written after everything that it names, and what it
 * no longer names is removed after that: whoever reads it finds a whole run at any time.
 */
export class RunUpload {
  readonly #options: UploadOptions;
  /** SHA-256 by key of what this process has uploaded: a try after a failure goes on where that one ended. */
  readonly #uploaded = new Map<string, string>();
  readonly #deleted = new Set<string>();
  #hasClaimed = false;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /**
   * Uploads what the store lacks. A store that is further has the same run, begun again here: it is left alone until this
   * one has caught up.
   *
   * @throws INCOMPATIBLE when the prefix holds another run, STALE_EPOCH when a later learner uploads to it, and what the
   *   bucket throws
   */
  async upload(snapshot: RunSnapshot): Promise<void> {
    const { bucket, parts } = this.#options;
    await this.#claim();
    const stored = await this.#readOwn(storeKeys.run);
    if (stored !== null && stored.iterations > snapshot.iterations) return;
    const begun = await this.#readOwn(storeKeys.next);
    const files = await parts.of(snapshot);
    const next = this.#next(snapshot, { files, stored, begun });
    const json = Buffer.from(JSON.stringify(next));
    await bucket.write(storeKeys.next, json);
    const there = new Map(
      Object.values(stored?.files ?? {}).flatMap((each) => each.map(keyAndHash)),
    );
    for (const part of [...files.values()].flat()) {
      const isThere = [there, this.#uploaded].some((known) => known.get(part.key) === part.sha256);
      if (!isThere) await this.#uploadPart(part);
      this.#deleted.delete(part.key);
    }
    await this.#requireNewest();
    await bucket.write(storeKeys.run, json);
    await this.#removeObsolete(next);
  }

  #next(
    { iterations, checkpoint }: RunSnapshot,
    known: {
      files: ReadonlyMap<string, readonly PartSource[]>;
      stored: StoredRun | null;
      begun: StoredRun | null;
    },
  ): StoredRun {
    const { runId, epoch, keep } = this.#options;
    const files: Record<string, readonly StoredPart[]> = {
      ...keptCheckpointFiles(known.stored?.files ?? {}, checkpoint, keep),
      ...Object.fromEntries(
        [...known.files].map(([path, parts]) => [
          path,
          parts.map(({ from: _from, ...part }) => part),
        ]),
      ),
    };
    const named = new Set(keysOf({ files }));
    const before = [known.stored, known.begun].flatMap((run) =>
      run === null ? [] : [...keysOf(run), ...run.obsolete],
    );
    const obsolete = new Set(before.filter((key) => !named.has(key) && !this.#deleted.has(key)));
    return { formatVersion: 1, runId, epoch, iterations, files, obsolete: [...obsolete] };
  }

  async #uploadPart({ key, bytes, sha256, from }: PartSource): Promise<void> {
    const { bucket, onBytes } = this.#options;
    if (from.kind === 'file') {
      await bucket.writeFile(key, { path: from.path, expected: { bytes, sha256 }, onBytes });
    } else {
      const body =
        from.kind === 'bytes' ? from.content : await readBlock(from.path, from.start, bytes);
      await bucket.write(key, body);
      onBytes(bytes);
    }
    this.#uploaded.set(key, sha256);
  }

  async #removeObsolete({ obsolete }: StoredRun): Promise<void> {
    for (const key of obsolete) {
      await this.#options.bucket.delete(key);
      this.#deleted.add(key);
      this.#uploaded.delete(key);
    }
  }

  async #readOwn(key: string): Promise<StoredRun | null> {
    const { bucket, runId } = this.#options;
    const run = await readStoredRun(bucket, key);
    if (run === null || run.runId === runId) return run;
    const what = `${bucket.url} holds run ${run.runId}, this is ${runId}`;
    throw new MgrpoError('INCOMPATIBLE', `${what}; choose another prefix in deployment.store.url`);
  }

  /** Says once that a learner of our epoch has begun, so that one restored from the store comes after it. */
  async #claim(): Promise<void> {
    await this.#requireNewest();
    if (this.#hasClaimed) return;
    const { bucket, epoch } = this.#options;
    await claimEpoch(bucket, epoch);
    this.#hasClaimed = true;
    for (const earlier of await claimedEpochs(bucket)) {
      if (earlier < epoch) await bucket.delete(epochKey(earlier));
    }
  }

  async #requireNewest(): Promise<void> {
    const { bucket, epoch } = this.#options;
    const newest = Math.max(0, ...(await claimedEpochs(bucket)));
    if (newest <= epoch) return;
    const what = `a learner with epoch ${newest} uploads to ${bucket.url}, ours is ${epoch}`;
    throw new MgrpoError('STALE_EPOCH', `${what}: nothing more is uploaded from here`);
  }
}

const keyAndHash = ({ key, sha256 }: StoredPart) => [key, sha256] as const;
const epochKey = (epoch: number) => `${storeKeys.epochs}${String(epoch).padStart(9, '0')}`;

/** Writes down that the epoch is taken. */
export async function claimEpoch(bucket: Bucket, epoch: number): Promise<void> {
  await bucket.write(epochKey(epoch), new Uint8Array());
}

/** The epochs of learners that have uploaded, or were restored, lately. */
export async function claimedEpochs(bucket: Bucket): Promise<number[]> {
  const objects = await bucket.list(storeKeys.epochs);
  return objects.flatMap(({ key }) => {
    const match = /^epochs\/(\d{9})$/.exec(key);
    return match === null ? [] : [Number(match[1])];
  });
}
