import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type JsonObject, RunFolder, readMetrics, runFiles } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import { type RunScalars, runScalars } from './run-scalars.ts';

/** What of a run goes to an experiment tracker. */
export interface ExportedRun extends RunScalars {
  /** Of the run's folder. */
  readonly name: string;
  /** 32 hexadecimal digits, the same at every export of the run. */
  readonly id: string;
  /** The resolved configuration less `deployment`, which may name hosts and passwords. */
  readonly config: JsonObject;
  /** From the manifest: configuration and data of the run as a hash. */
  readonly runId: string;
  /** Of the newest policy; null before the first iteration. */
  readonly policySha256: string | null;
  /** Whether all its iterations are applied. */
  readonly isComplete: boolean;
}

/** A file that an export consists of; `path` is relative to `--out`, with `/`. */
export interface ExportedFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Stays as it is where it exists: it belongs to other runs too. */
  readonly isShared?: true;
}

/** Reads a run; NOT_FOUND when the folder holds none or nothing was measured yet, CORRUPT when a file is damaged. */
export async function readRun(folder: string): Promise<ExportedRun> {
  for (const file of [runFiles.manifest, runFiles.config]) {
    if (existsSync(join(folder, file))) continue;
    const what = existsSync(folder) ? `${folder} has no ${file}` : `${folder} is not there`;
    throw new MgrpoError('NOT_FOUND', `${what}; give the folder of a run, as mgrpo train makes it`);
  }
  const { config, manifest } = await RunFolder.open(folder, { warn: () => {} });
  const { runId } = manifest;
  if (typeof runId !== 'string') {
    const file = join(folder, runFiles.manifest);
    throw new MgrpoError('CORRUPT', `${file} has no "runId"; take it from a backup of the run`);
  }
  const metricsFile = join(folder, runFiles.metrics);
  const records = await readMetrics(metricsFile);
  if (records.length === 0) {
    const remedy = 'export it after its first iteration';
    throw new MgrpoError('NOT_FOUND', `${metricsFile} has no metrics yet; ${remedy}`);
  }
  const { deployment: _, ...settings } = config;
  const name = basename(resolve(folder));
  const newest = records.findLast((record) => record.kind === 'iteration');
  return {
    name,
    id: createHash('sha256').update(`${runId}\n${name}`).digest('hex').slice(0, 32),
    config: settings,
    runId,
    policySha256: typeof newest?.policySha256 === 'string' ? newest.policySha256 : null,
    isComplete: newest !== undefined && newest.iteration + 1 === config.iterations,
    ...runScalars(records, statSync(metricsFile).mtimeMs),
  };
}
