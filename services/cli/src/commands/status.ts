import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { configOfRole, loadRunConfig } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  connect,
  contracts,
  openSecurity,
  type PeerSecurity,
  type RunStatus__Output,
  unary,
} from '@mgrpo/rpc';
import { openPeerSecurity, readAddresses } from '@mgrpo/service';
import { newestRunFolder } from '../newest-run.ts';
import { statusText } from '../status/status-text.ts';
import { waitingFor } from '../status/waiting-for.ts';

export interface StatusFlags {
  readonly coordinator?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** A coordinator that does not answer a person within this is said not to be there (ms). */
const patienceMs = 5000;

/** Prints who waits for whom in a run that is under way. */
export async function status(run: string | undefined, flags: StatusFlags): Promise<number> {
  const folder = flags.coordinator === undefined ? resolve(run ?? newestRunFolder()) : null;
  const address = flags.coordinator ?? readAddresses(folder!).coordinator;
  const security = securityOf(flags.config ?? (folder && join(folder, runFiles.config)));
  const client = connect(contracts.CoordinatorService, address, security);
  try {
    const asked = unary<RunStatus__Output>(
      `coordinator at ${address}`,
      (...call) => client.getStatus({}, ...call),
      { deadlineMs: patienceMs },
    );
    const found = await (folder === null ? asked : ofFolder(asked, folder, address));
    const text = flags.json
      ? JSON.stringify({ ...found, waitingFor: waitingFor(found) })
      : statusText(found);
    process.stdout.write(`${text}\n`);
    return 0;
  } finally {
    client.close();
    security.close();
  }
}

/**
 * The status of the run in a folder, asked where the folder says that it is. A run that was killed could not take that
 * back, and by now nobody or somebody else may be there.
 *
 * @throws MgrpoError UNAVAILABLE
 */
async function ofFolder(
  asked: Promise<RunStatus__Output>,
  folder: string,
  address: string,
): Promise<RunStatus__Output> {
  const gone = (what: string, cause?: unknown) =>
    new MgrpoError(
      'UNAVAILABLE',
      `the run in ${folder} is not at ${address}, where its last start was: ${what}; it was killed, or its coordinator ` +
        `is being started again: ask again in some seconds, or go on with it by mgrpo train --resume --run ${folder}`,
      { cause },
    );
  const found = await asked.catch((error: unknown) => {
    const isGone = error instanceof MgrpoError && ['UNAVAILABLE', 'DEADLINE'].includes(error.code);
    throw isGone ? gone(messageOf(error), error) : error;
  });
  const other = found.run?.runId;
  const manifest = join(folder, runFiles.manifest);
  if (!other || !existsSync(manifest)) return found;
  const { runId } = JSON.parse(readFileSync(manifest, 'utf8')) as { runId?: unknown };
  if (runId === other) return found;
  throw gone(`run ${other} is there now`);
}

/** How we show the coordinator who we are, by the run's configuration; not at all without one. */
function securityOf(file: string | null): PeerSecurity {
  if (file === null) return openSecurity;
  const config = loadRunConfig({ file, environment: process.env, overrides: [] });
  const { security } = configOfRole(config, 'operator').deployment;
  return openPeerSecurity(security, (message) => process.stderr.write(`${message}\n`));
}
