import { readFileSync } from 'node:fs';
import { MgrpoError } from '@mgrpo/errors';

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** Of this program: `1.4.2`. Services of one minor version (1.4) work together and compute the same bits. */
export const softwareVersion = version;

/**
 * Refuses a program of another minor version.
 *
 * @param who whose version it is, such as `policy-rollout-1`
 * @throws MgrpoError INCOMPATIBLE naming both versions
 */
export function requireSameMinor(who: string, theirs: string): void {
  if (minorOf(theirs) === minorOf(softwareVersion)) return;
  const other = theirs === '' ? 'a version from before versions were told' : `version ${theirs}`;
  throw new MgrpoError(
    'INCOMPATIBLE',
    `${who} is of ${other}, this is ${softwareVersion}: bits may differ between minor versions; finish the run with one, or start a new folder with the other`,
  );
}

function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
