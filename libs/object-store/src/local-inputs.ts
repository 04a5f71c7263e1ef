import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { isSafeKey, isStoreUrl } from './address.ts';
import type { Bucket, ListedObject } from './bucket.ts';
import type { Environment } from './credentials.ts';
import { openBucket } from './open-bucket.ts';

export interface LocalInputsOptions {
  readonly env: Environment;
  /** For a person, or the log. */
  tell(message: string): void;
}

interface Fetch extends LocalInputsOptions {
  readonly store: RunConfig['deployment']['store'];
  /** Whether folders below count too. */
  readonly isDeep: boolean;
}

const maxFiles = 10_000;

/**
 * The configuration with model and prompts from s3:// replaced by local copies of what is there now. The run's id is made
 * from their contents, as ever, so a run notices when they have changed.
 *
 * @throws INVALID_INPUT when there is nothing at an address, CORRUPT when bytes don't fit the store's checksum, and what the
 *   bucket throws
 */
export async function localInputs<C extends Pick<RunConfig, 'model' | 'prompts' | 'deployment'>>(
  config: C,
  options: LocalInputsOptions,
): Promise<C> {
  const { store } = config.deployment;
  const local = async (path: string, isDeep: boolean) =>
    isStoreUrl(path) ? await fetchInput(path, { ...options, store, isDeep }) : path;
  const { train, validation } = config.prompts;
  return {
    ...config,
    // A checkpoint has more below it, which no model needs.
    model: { ...config.model, path: await local(config.model.path, false) },
    prompts: {
      ...config.prompts,
      train: await local(train, true),
      validation: validation === null ? null : await local(validation, true),
    },
  };
}

/** Brings a file or folder here, unless it is here already; returns its path. */
async function fetchInput(url: string, fetch: Fetch): Promise<string> {
  const { store, env } = fetch;
  const [address = '', ...split] = url.split('#');
  const { bucket, files, isFile } = await find(address.replace(/\/+$/, ''), fetch);
  const cache = store.cacheFolder ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mgrpo');
  const listing = JSON.stringify([
    address,
    files.map(({ key, bytes, etag }) => [key, bytes, etag]),
  ]);
  const folder = join(cache, createHash('sha256').update(listing).digest('hex').slice(0, 32));
  if (!(await isWhole(folder, files))) await download({ bucket, files, folder }, fetch);
  const path = isFile ? join(folder, files[0]!.key) : folder;
  return [path, ...split].join('#');
}

/** What lies at an address: one object, or those below it. */
async function find(
  address: string,
  { store, env, isDeep }: Fetch,
): Promise<{ bucket: Bucket; files: ListedObject[]; isFile: boolean }> {
  const bucket = openBucket(address, { store, env });
  const below = (await bucket.list('')).filter(
    ({ key }) => !key.endsWith('/') && (isDeep || !key.includes('/')),
  );
  const odd = below.find(({ key }) => !isSafeKey(key));
  if (odd !== undefined || below.length > maxFiles) {
    const what = odd ? `${JSON.stringify(odd.key)}, which is no path of a file` : 'too many files';
    throw new MgrpoError('INVALID_INPUT', `${address} has ${what}; name a folder for our input`);
  }
  if (below.length > 0) return { bucket, files: below, isFile: false };
  const slash = address.lastIndexOf('/');
  const [parent, name] = [address.slice(0, slash), address.slice(slash + 1)];
  if (parent !== 's3:/') {
    const around = openBucket(parent, { store, env });
    const file = (await around.list(name)).find(({ key }) => key === name);
    if (file !== undefined) return { bucket: around, files: [file], isFile: true };
  }
  throw new MgrpoError('INVALID_INPUT', `there is nothing at ${address}; mend the address`);
}

/** True when all files are there. A folder gets its name once they are, so their sizes say enough. */
async function isWhole(folder: string, files: readonly ListedObject[]): Promise<boolean> {
  for (const { key, bytes } of files) {
    const found = await stat(join(folder, key)).catch(() => null);
    if (found?.size !== bytes) return false;
  }
  return true;
}

async function download(
  { bucket, files, folder }: { bucket: Bucket; files: readonly ListedObject[]; folder: string },
  { tell }: Fetch,
): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  tell(`fetching ${bucket.url}: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
  const temporary = `${folder}.${randomUUID()}`;
  try {
    for (const file of files) await downloadFile(bucket, file, join(temporary, file.key));
    await putInPlace(temporary, folder, files);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Gives a complete folder its name, unless another process was faster: its folder may be in use already. */
async function putInPlace(
  temporary: string,
  folder: string,
  files: readonly ListedObject[],
): Promise<void> {
  try {
    await rename(temporary, folder);
  } catch (error) {
    if (await isWhole(folder, files)) return;
    const isThere = await stat(folder).catch(() => null);
    if (isThere === null) throw error;
    // What is there has lost files.
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  }
}

async function downloadFile(bucket: Bucket, file: ListedObject, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('md5');
  let encryption: string | null = null;
  const onHeaders = (headers: Headers) => {
    encryption =
      headers.get('x-amz-server-side-encryption') ??
      headers.get('x-amz-server-side-encryption-customer-algorithm');
  };
  const handle = await open(path, 'wx');
  try {
    for await (const piece of bucket.pieces(file.key, { ...file, onHeaders })) {
      hash.update(piece);
      await handle.appendFile(piece);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The tag is a checksum only of what was uploaded in one part, and not encrypted by a key of its own.
  const isChecksum = /^"[0-9a-f]{32}"$/.test(file.etag) && encryption === null;
  if (!isChecksum || file.etag === `"${hash.digest('hex')}"`) return;
  throw new MgrpoError(
    'CORRUPT',
    `${bucket.url}/${file.key} does not match its checksum; upload it again`,
  );
}
