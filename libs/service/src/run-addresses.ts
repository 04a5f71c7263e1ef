import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MgrpoError } from '@mgrpo/errors';
import { z } from 'zod';

/** Of the services, in the run folder. */
export const logFolder = 'logs';

const addressesSchema = z.object({
  /** HOST:PORT. */
  coordinator: z.string().regex(/^\S+:\d{1,5}$/, 'must be HOST:PORT'),
});

type RunAddresses = z.infer<typeof addressesSchema>;

function pathOf(runFolder: string): string {
  return join(runFolder, logFolder, 'addresses.json');
}

/** Says in a run's folder where the run is reached while it is under way; returns what takes that back. */
export function writeAddresses(runFolder: string, addresses: RunAddresses): () => void {
  const path = pathOf(runFolder);
  writeFileSync(path, JSON.stringify(addresses));
  return () => rmSync(path, { force: true });
}

/**
 * Where the run in a folder is reached.
 *
 * @throws MgrpoError NOT_FOUND where no run is under way, CORRUPT where the file says something else
 */
export function readAddresses(runFolder: string): RunAddresses {
  const path = pathOf(runFolder);
  const remedy = 'name the coordinator with --coordinator HOST:PORT';
  if (!existsSync(path)) {
    throw new MgrpoError(
      'NOT_FOUND',
      `${path} is not there: no run is under way in that folder; name its folder, or ${remedy}`,
    );
  }
  const parsed = addressesSchema.safeParse(jsonOf(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new MgrpoError(
    'CORRUPT',
    `${path} does not say where the run is: ${z.prettifyError(parsed.error)}; ${remedy}`,
  );
}

/** Undefined where the text is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
