import { join, resolve } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { configOfRole, loadRunConfig } from '@mgrpo/config';
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
    const found = await unary<RunStatus__Output>(
      `coordinator at ${address}`,
      (...call) => client.getStatus({}, ...call),
      { deadlineMs: patienceMs },
    );
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

/** How we show the coordinator who we are, by the run's configuration; not at all without one. */
function securityOf(file: string | null): PeerSecurity {
  if (file === null) return openSecurity;
  const config = loadRunConfig({ file, environment: process.env, overrides: [] });
  const { security } = configOfRole(config, 'operator').deployment;
  return openPeerSecurity(security, (message) => process.stderr.write(`${message}\n`));
}
