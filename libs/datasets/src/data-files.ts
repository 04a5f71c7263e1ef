import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { declaredSplits } from './hub-card.ts';

/** A file of a data set and how it is read. */
export interface DataFile {
  readonly file: string;
  readonly form: 'json-lines' | 'json' | 'parquet';
}

const forms: Readonly<Record<string, DataFile['form']>> = {
  '.jsonl': 'json-lines',
  '.ndjson': 'json-lines',
  '.json': 'json',
  '.parquet': 'parquet',
};

/**
 * The files of a data set in their order: the file itself, or those of one split of a Hugging Face Hub folder.
 *
 * A folder's README.md says which files are which split (`configs:`); without it their names do. INVALID_INPUT names
 * what is missing and what there is.
 *
 * @param path `FILE`, `FOLDER`, `FOLDER#split` or `FOLDER#config/split`
 */
export async function dataFilesOf(path: string): Promise<DataFile[]> {
  const kind = await kindOf(path);
  if (kind === 'file') return [{ file: path, form: formOf(path) ?? 'json-lines' }];
  if (kind === 'folder') return await filesOfSplit(path, null);
  const at = path.lastIndexOf('#');
  const folder = path.slice(0, at);
  if (at > 0 && (await kindOf(folder)) === 'folder') {
    return await filesOfSplit(folder, path.slice(at + 1));
  }
  throw invalid(`can't read ${at > 0 ? folder : path}: there is no such file or folder`);
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw invalid(`can't read ${path}: ${messageOf(error)}`, error);
  });
  if (entry === null) return null;
  return entry.isDirectory() ? 'folder' : 'file';
}

async function filesOfSplit(folder: string, wanted: string | null): Promise<DataFile[]> {
  const names = (await readdir(folder, { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => !/(^|\/)\./.test(name) && formOf(name) !== null)
    .toSorted();
  const splits = (await declaredSplits(folder, names)) ?? splitsByName(names);
  const chosen = chooseSplit(folder, splits, wanted);
  checkShards(folder, chosen);
  const files = chosen.map((name) => ({ file: join(folder, name), form: formOf(name)! }));
  if (new Set(files.map(({ form }) => form)).size <= 1) return files;
  const what = `${folder} holds a split in several forms (${chosen.slice(0, 4).join(', ')})`;
  throw invalid(`${what}; name one of the files`);
}

function chooseSplit(
  folder: string,
  splits: ReadonlyMap<string, readonly string[]>,
  wanted: string | null,
): readonly string[] {
  const has = [...splits.keys()].join(', ');
  if (splits.size === 0) {
    throw invalid(`${folder} holds no ${Object.keys(forms).join(', ')} file; name another folder`);
  }
  const [first] = splits.keys();
  const name = wanted ?? (splits.size === 1 ? first! : null);
  if (name === null) {
    throw invalid(`${folder} holds the splits ${has}; say which, like ${folder}#${first}`);
  }
  const files = splits.get(name);
  if (files === undefined) throw invalid(`${folder} has no split "${name}"; it has ${has}`);
  if (files.length > 0) return files;
  throw invalid(`split "${name}" of ${folder} has no files; see its README.md`);
}

/** Names that the Hub takes for a split, as whole words of a file's or folder's name. */
const splitNames: readonly (readonly [string, RegExp])[] = [
  ['train', /(^|[^a-z0-9])(train|training)([^a-z0-9]|$)/],
  ['validation', /(^|[^a-z0-9])(validation|valid|val|dev)([^a-z0-9]|$)/],
  ['test', /(^|[^a-z0-9])(test|testing|eval|evaluation)([^a-z0-9]|$)/],
];

/** Files whose name says no split are all `train`, as on the Hub. */
function splitsByName(names: readonly string[]): Map<string, string[]> {
  const splitOf = (name: string) =>
    splitNames.find(([, pattern]) => pattern.test(name.toLowerCase()))?.[0] ?? 'train';
  return Map.groupBy(names, splitOf);
}

/** Of `train-00000-of-00002.parquet` and so on all must be there: half a data set must not pass for the whole. */
function checkShards(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const [, start, , count, end] = /^(.*-)(\d{5})-of-(\d{5})(\D.*)$/.exec(name) ?? [];
    if (start === undefined) continue;
    for (let shard = 0; shard < Number(count); shard += 1) {
      const other = `${start}${String(shard).padStart(5, '0')}-of-${count}${end}`;
      if (names.includes(other)) continue;
      throw invalid(`${join(folder, other)} is missing: ${name} is one of ${Number(count)} parts`);
    }
  }
}

function formOf(name: string): DataFile['form'] | null {
  return forms[extname(name).toLowerCase()] ?? null;
}

function invalid(message: string, cause?: unknown): MgrpoError {
  return new MgrpoError('INVALID_INPUT', message, { cause });
}
