import { isCheckpointFile, runFiles } from '@mgrpo/checkpoint';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { isSafeKey } from './address.ts';
import type { Bucket } from './bucket.ts';

/** A part of a file of the run folder, or all of it. */
export interface StoredPart {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A run as the store has it: what `run.json` holds, which is written after all that it names. */
export interface StoredRun {
  readonly formatVersion: 1;
  readonly runId: string;
  /** Of the learner that uploaded it. */
  readonly epoch: number;
  /** Iterations that the journal has, at least those of the newest checkpoint. */
  readonly iterations: number;
  /** Files by their path in the run folder, as parts in order. */
  readonly files: Readonly<Record<string, readonly StoredPart[]>>;
  /** Keys of before that nothing names any more. */
  readonly obsolete: readonly string[];
}

/** Names of objects below a run's prefix, beside the files. */
export const storeKeys = {
  /** The run as it is: whoever restores believes it alone. */
  run: 'run.json',
  /** The run as it is going to be, so that what a broken upload leaves is known. */
  next: 'next.json',
  /** One for each learner that has begun. */
  epochs: 'epochs/',
} as const;

const { config, manifest, metrics, journal, checkpoints } = runFiles;
const names = [config, manifest, metrics].map((name) => name.replaceAll('.', '\\.')).join('|');
const checkpointPattern = new RegExp(`^${checkpoints}/step-(\\d{1,9})/(.+)$`);
const filePattern = new RegExp(`^(${names}|${journal}/\\d{9}\\.log)$`);

/** The iterations of the checkpoint that a file belongs to, or null. */
export function checkpointOf(path: string): number | null {
  const [, iterations, name] = checkpointPattern.exec(path) ?? [];
  return name !== undefined && isCheckpointFile(name) ? Number(iterations) : null;
}

/** The iterations of the checkpoints of a stored run, newest first. */
export function checkpointsOf({ files }: Pick<StoredRun, 'files'>): number[] {
  const iterations = Object.keys(files).map(checkpointOf);
  return [...new Set(iterations.filter((each) => each !== null))].sort((a, b) => b - a);
}

/** Keys of all parts. */
export function keysOf({ files }: Pick<StoredRun, 'files'>): string[] {
  return Object.values(files).flatMap((parts) => parts.map(({ key }) => key));
}

/** Reads `run.json`, unless told otherwise; null when there is none, CORRUPT when it is not as we write it. */
export async function readStoredRun(
  bucket: Bucket,
  key: string = storeKeys.run,
): Promise<StoredRun | null> {
  const bytes = await bucket.read(key);
  if (bytes === null) return null;
  const problem = (what: string, cause?: unknown) =>
    new MgrpoError('CORRUPT', `${bucket.url}/${key} ${what}; choose another prefix`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw problem(`is no JSON (${messageOf(cause)})`, cause);
  }
  if (isStoredRun(value)) return value;
  throw problem('describes no run of this version');
}

function isStoredRun(value: unknown): value is StoredRun {
  const run = value as Partial<StoredRun> | null;
  return (
    run?.formatVersion === 1 &&
    typeof run.runId === 'string' &&
    isCount(run.epoch) &&
    isCount(run.iterations) &&
    typeof run.files === 'object' &&
    run.files !== null &&
    Object.entries(run.files).every(([path, parts]) => isPath(path) && isParts(path, parts)) &&
    Array.isArray(run.obsolete) &&
    run.obsolete.every(isOurKey)
  );
}

// What the store says may lead neither out of the run folder nor to keys that are not ours.
const isPath = (path: string) => filePattern.test(path) || checkpointOf(path) !== null;

function isOurKey(key: unknown): boolean {
  if (typeof key !== 'string' || !isSafeKey(key)) return false;
  const path = key.replace(/\/\d+-[0-9a-f]{16}$/, '');
  return isPath(path);
}

function isParts(path: string, parts: unknown): boolean {
  return (
    Array.isArray(parts) &&
    parts.every(
      (part: Partial<StoredPart> | null) =>
        isOurKey(part?.key) &&
        part!.key!.startsWith(path) &&
        isCount(part?.bytes) &&
        /^[0-9a-f]{64}$/.test(part?.sha256 ?? ''),
    )
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
