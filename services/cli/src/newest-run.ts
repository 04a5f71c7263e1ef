import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';

/**
 * The newest folder in runs/ that holds a run, of one recipe where `recipe` names it.
 *
 * @throws MgrpoError USAGE when there is none
 */
export function newestRunFolder(recipe?: string): string {
  const folders = existsSync('runs') ? readdirSync('runs') : [];
  const runs = folders
    .filter((folder) => recipe === undefined || folder.startsWith(`${recipe}-`))
    .map((folder) => join('runs', folder))
    .filter((folder) => existsSync(join(folder, runFiles.manifest)))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (runs[0] !== undefined) return runs[0];
  const which = recipe === undefined ? 'no run' : `no run of ${recipe} to go on with`;
  throw new MgrpoError(
    'USAGE',
    `runs/ holds ${which}; name its folder${recipe === undefined ? '' : ' by --run, or leave out --resume'}`,
  );
}
