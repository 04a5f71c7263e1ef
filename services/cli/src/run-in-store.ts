import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type Environment, openBucket, readStoredRun, restoreRun } from '@mgrpo/object-store';
import { configOfRecipe, type Surroundings, type TrainFlags } from './training-run.ts';

/**
 * With --resume, --run and a store: a run whose folder is gone is taken from the store, so that it can go on.
 *
 * @throws USAGE when neither has a run, and what the store throws
 */
export async function restoreIfGone(
  recipe: string | undefined,
  flags: TrainFlags,
  { environment, root, tell }: Surroundings & { tell(message: string): void },
): Promise<void> {
  if (flags.resume !== true || flags.run === undefined) return;
  const folder = resolve(flags.run);
  if (existsSync(join(folder, runFiles.manifest))) return;
  const { store } = configOfRecipe(recipe, flags, { environment, root }).deployment;
  if (store.url === null) return;
  const bucket = openBucket(store.url, { store, env: environment });
  if (await restoreRun(bucket, folder, { runId: null, tell })) return;
  throw new MgrpoError(
    'USAGE',
    `neither ${folder} nor ${store.url} holds a run; leave out --resume to start one there`,
  );
}

const lookMs = 5000;

/**
 * A run that is started anew does not take the place of one that the store has. A store that is away is told, and does not
 * keep the run from starting.
 *
 * @throws USAGE when the store holds a run
 */
export async function requireRoomInStore(
  { deployment: { store } }: Pick<RunConfig, 'deployment'>,
  { environment, tell }: { environment: Environment; tell(message: string): void },
): Promise<void> {
  if (store.url === null) return;
  const quick = { ...store, attempts: 1, requestMs: Math.min(store.requestMs, lookMs) };
  const bucket = openBucket(store.url, { store: quick, env: environment });
  const run = await readStoredRun(bucket).catch((error: unknown) => {
    tell(
      `can't look into ${bucket.url}: ${messageOf(error)}; the run starts, and is uploaded later`,
    );
    return null;
  });
  if (run === null) return;
  throw new MgrpoError(
    'USAGE',
    `${bucket.url} holds run ${run.runId} already; go on with it by --resume --run DIR, or choose another prefix in deployment.store.url`,
  );
}
