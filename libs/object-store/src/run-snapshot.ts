import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointFiles, runFiles } from '@mgrpo/checkpoint';
import { readBlock } from './read-block.ts';
import { sha256Of } from './requests.ts';
import { checkpointOf, type StoredPart } from './stored-run.ts';

/** What of a run folder belongs together at one moment between two iterations. */
export interface RunSnapshot {
  /** Iterations applied. */
  readonly iterations: number;
  /** Iterations of the newest checkpoint, or null before the first. */
  readonly checkpoint: number | null;
  /** Bytes of the files that only grow, by their path in the run folder. */
  readonly grown: ReadonlyMap<string, number>;
  /** Contents of the small files that are replaced. */
  readonly replaced: ReadonlyMap<string, Buffer>;
}

/** Where the bytes of a part are. */
export interface PartSource extends StoredPart {
  readonly from:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'block'; readonly path: string; readonly start: number }
    | { readonly kind: 'bytes'; readonly content: Buffer };
}

// The unfinished last block of a file is uploaded again as it grows, and replaced.
const blockBytes = 4 * 2 ** 20;

/** Looks at the run folder now; while it does, nothing may be appended. */
export async function takeSnapshot(
  runFolder: string,
  at: Pick<RunSnapshot, 'iterations' | 'checkpoint'>,
): Promise<RunSnapshot> {
  const logs = (await readdir(join(runFolder, runFiles.journal))).filter((name) =>
    /^\d{9}\.log$/.test(name),
  );
  const grown = new Map<string, number>();
  for (const path of [
    ...logs.sort().map((name) => `${runFiles.journal}/${name}`),
    runFiles.metrics,
  ]) {
    grown.set(path, (await stat(join(runFolder, path))).size);
  }
  const replaced = new Map<string, Buffer>();
  for (const path of [runFiles.config, runFiles.manifest]) {
    replaced.set(path, await readFile(join(runFolder, path)));
  }
  return { ...at, grown, replaced };
}

/** Says of which parts a run's files are made. Remembers whole blocks of files that only grow. */
export class PartList {
  readonly #runFolder: string;
  readonly #blocks = new Map<string, string>();

  constructor(runFolder: string) {
    this.#runFolder = runFolder;
  }

  /** Parts of all files, in the order in which they are to be uploaded: checkpoint, journal, metrics, the rest. */
  async of(snapshot: RunSnapshot): Promise<Map<string, PartSource[]>> {
    const parts = new Map<string, PartSource[]>();
    if (snapshot.checkpoint !== null) {
      const folder = `${runFiles.checkpoints}/step-${snapshot.checkpoint}`;
      const files = await checkpointFiles(join(this.#runFolder, folder));
      for (const [name, digest] of Object.entries(files)) {
        const path = `${folder}/${name}`;
        const from = { kind: 'file', path: join(this.#runFolder, path) } as const;
        parts.set(path, [{ ...digest, key: path, from }]);
      }
    }
    for (const [path, bytes] of snapshot.grown) parts.set(path, await this.#blocksOf(path, bytes));
    for (const [path, content] of snapshot.replaced) {
      const sha256 = sha256Of(content);
      const key = partKey(path, 0, sha256);
      parts.set(path, [{ key, bytes: content.length, sha256, from: { kind: 'bytes', content } }]);
    }
    return parts;
  }

  async #blocksOf(path: string, size: number): Promise<PartSource[]> {
    const parts: PartSource[] = [];
    const file = join(this.#runFolder, path);
    for (let start = 0; start < size; start += blockBytes) {
      const bytes = Math.min(blockBytes, size - start);
      const id = `${path} ${start} ${bytes}`;
      const sha256 = this.#blocks.get(id) ?? sha256Of(await readBlock(file, start, bytes));
      this.#blocks.set(id, sha256);
      const from = { kind: 'block', path: file, start } as const;
      parts.push({ key: partKey(path, start, sha256), bytes, sha256, from });
    }
    return parts;
  }
}

/** A key of its own for each content, so that what a manifest names is never replaced. */
function partKey(path: string, start: number, sha256: string): string {
  return `${path}/${start}-${sha256.slice(0, 16)}`;
}

/** The files of the `keep` newest checkpoints up to a snapshot's, of a run that is stored already. */
export function keptCheckpointFiles(
  files: Readonly<Record<string, readonly StoredPart[]>>,
  checkpoint: number | null,
  keep: number,
): Record<string, readonly StoredPart[]> {
  const before = Object.entries(files).flatMap(([path, parts]) => {
    const iterations = checkpointOf(path);
    const isOlder = iterations !== null && iterations < (checkpoint ?? 0);
    return isOlder ? [{ iterations, path, parts }] : [];
  });
  const newest = [...new Set(before.map(({ iterations }) => iterations))].sort((a, b) => b - a);
  const kept = new Set(newest.slice(0, keep - 1));
  return Object.fromEntries(
    before.filter(({ iterations }) => kept.has(iterations)).map(({ path, parts }) => [path, parts]),
  );
}
