import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { Benchmark } from './benchmark.ts';

/** In the order in which they are taken, where a folder holds several. */
const extensions = ['.jsonl', '.parquet', '.csv'];

/**
 * The file or folder of a benchmark: the user's own, or the one in a folder whose name is one of the benchmark's.
 *
 * @param own what the user named for it
 * @throws MgrpoError INVALID_INPUT with the names that were looked for
 */
export async function findBenchmarkFile(
  benchmark: Benchmark,
  { folder, own }: { readonly folder: string | undefined; readonly own: string | undefined },
): Promise<string> {
  if (own !== undefined) return own;
  const { name, files } = benchmark;
  const remedy = `name it with --file ${name}=PATH; it comes from ${benchmark.source}`;
  if (folder === undefined) {
    throw new MgrpoError('USAGE', `where is ${name}? Give its folder with --data, or ${remedy}`);
  }
  const entries = await listed(folder);
  const byName = new Map(entries.toSorted().map((entry) => [plain(entry), entry]));
  for (const file of files) {
    // Without an extension: a folder, as the Hugging Face Hub lays it out.
    for (const extension of [...extensions, '']) {
      const entry = byName.get(plain(file + extension));
      if (entry !== undefined) return join(folder, entry);
    }
  }
  const looked = files.flatMap((file) => extensions.map((extension) => file + extension));
  throw new MgrpoError(
    'INVALID_INPUT',
    `${folder} holds none of ${looked.join(', ')} for ${name}; ${remedy}`,
  );
}

/** File names are compared without case, `-`, `_` and `.`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.\s]/g, '');
}

async function listed(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new MgrpoError('INVALID_INPUT', `--data: can't list ${folder}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
