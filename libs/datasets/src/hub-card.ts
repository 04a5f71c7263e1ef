import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { parse } from 'yaml';

/** A `configs:` entry of a data set's card; the form is that of huggingface.co/docs/hub/datasets-manual-configuration. */
interface CardConfig {
  readonly config_name?: unknown;
  readonly data_dir?: unknown;
  readonly data_files?: unknown;
  readonly default?: unknown;
}

/**
 * The splits that a folder's README.md declares, as file names by split; null when it declares none.
 *
 * With several configurations their splits are called `config/split`, and those of the default one `split` too.
 */
export async function declaredSplits(
  folder: string,
  names: readonly string[],
): Promise<Map<string, string[]> | null> {
  const path = join(folder, 'README.md');
  const configs = cardConfigs(path, await readFile(path, 'utf8').catch(() => ''));
  if (configs === null) return null;
  const splits = new Map<string, string[]>();
  for (const config of configs) {
    const name = String(config.config_name ?? 'default');
    const isDefault = configs.length === 1 || config.default === true || name === 'default';
    for (const [split, patterns] of splitPatterns(path, config)) {
      const files = names.filter((file) => patterns.some((pattern) => pattern.test(file)));
      if (isDefault) splits.set(split, files);
      if (configs.length > 1) splits.set(`${name}/${split}`, files);
    }
  }
  return splits;
}

/** The `configs` of the YAML between the first two lines of `---`, those that name files. */
function cardConfigs(path: string, text: string): CardConfig[] | null {
  const header = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1];
  if (header === undefined) return null;
  let card: unknown;
  try {
    card = parse(header);
  } catch (error) {
    const what = `${path}: its YAML header can't be read (${messageOf(error)})`;
    throw new MgrpoError('INVALID_INPUT', what, { cause: error });
  }
  const configs = (card as { configs?: unknown } | null)?.configs;
  if (!Array.isArray(configs)) return null;
  const withFiles = (configs as (CardConfig | null)[]).filter(
    (config): config is CardConfig => (config?.data_files ?? null) !== null,
  );
  return withFiles.length > 0 ? withFiles : null;
}

/** `data_files` is a pattern, a list of patterns, or a list of `{split, path}`; the first two are the train split. */
function splitPatterns(path: string, { data_dir, data_files }: CardConfig): [string, RegExp[]][] {
  const folder = typeof data_dir === 'string' ? `${data_dir.replace(/\/+$/, '')}/` : '';
  const entries: readonly unknown[] = Array.isArray(data_files) ? data_files : [data_files];
  const bySplit = new Map<string, RegExp[]>();
  for (const entry of entries) {
    const { split, path: files } =
      typeof entry === 'string'
        ? { split: 'train', path: entry }
        : ((entry ?? {}) as Record<string, unknown>);
    const globs: readonly unknown[] = Array.isArray(files) ? files : [files];
    if (typeof split !== 'string' || !globs.every((glob) => typeof glob === 'string')) {
      const what = `${path}: configs.data_files must be names, or entries of split and path`;
      throw new MgrpoError('INVALID_INPUT', what);
    }
    const patterns = globs.map((glob) => globPattern(folder + glob));
    bySplit.set(split, [...(bySplit.get(split) ?? []), ...patterns]);
  }
  return [...bySplit];
}

/** `**` is any folders, `*` and `?` stay within one. */
function globPattern(glob: string): RegExp {
  const pattern = glob
    .replace(/^\.?\//, '')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (wild) => {
      if (wild === '?') return '[^/]';
      if (wild === '*') return '[^/]*';
      return wild === '**' ? '.*' : '(?:.*/)?';
    });
  return new RegExp(`^${pattern}$`);
}
