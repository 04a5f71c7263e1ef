import { join } from 'node:path';
import {
  loadModelFolder,
  type ModelFolder,
  RunFolder,
  readJournal,
  readMetrics,
  runFiles,
} from '@mgrpo/checkpoint';
import { parseRunConfig, type RunConfig, requireOwnEngine } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { localInputs } from '@mgrpo/object-store';
import { contracts, decodeStored, type TrainingBatch__Output } from '@mgrpo/rpc';
import {
  type Device,
  devices,
  type Fingerprint,
  fingerprint,
  sameFingerprint,
} from '@mgrpo/runtime';
import { loadTokenizer, type Tokenizer } from '@mgrpo/tokenizer';

type Warn = (message: string) => void;

/** A run folder as an auditor reads it: nothing in it is changed. */
export interface RecordedRun {
  readonly folder: RunFolder;
  readonly config: RunConfig;
  readonly runId: string;
  /** The base model, as it is where the configuration says. */
  readonly model: ModelFolder;
  readonly tokenizer: Tokenizer;
  /** What the run was begun on and this machine, when they differ: then so may the bits. */
  readonly otherMachine: string | null;
  /** The kind of device that computed for a role: another of its kind may round differently, which hashes tell. */
  deviceOf(role: 'policy' | 'momentum' | 'learner'): Device;
  /** Hash of the base model's weights as the run began with them. */
  readonly baseSha256: string;
  /** SHA-256 of the policy after each iteration, as recorded. */
  readonly policySha256: readonly string[];
  /** The journal's batches from an iteration on. */
  batches(from: number): AsyncGenerator<TrainingBatch__Output>;
}

/**
 * @throws MgrpoError NOT_FOUND when the folder holds no run, INVALID_MODEL when the base model has gone,
 * INVALID_CONFIG when another engine generated
 */
export async function openRecordedRun(path: string, warn: Warn): Promise<RecordedRun> {
  const folder = await RunFolder.open(path, { warn });
  const given = parseRunConfig(folder.config, join(path, runFiles.config));
  const config = await localInputs(given, { env: process.env, tell: warn });
  requireOwnEngine(config, 'an audit');
  const records = await readMetrics(join(path, runFiles.metrics));
  const { runId, baseWeightsSha256, machine } = folder.manifest;
  const here = await fingerprint();
  const isSame = sameFingerprint(machine as Fingerprint, here);
  return {
    folder,
    config,
    runId: String(runId),
    model: await loadModelFolder(config.model.path),
    tokenizer: await loadTokenizer(config.model.path),
    otherMachine: isSame ? null : `${JSON.stringify(machine)}, this is ${JSON.stringify(here)}`,
    deviceOf: (role) => deviceOf(folder.manifest.devices, role),
    baseSha256: String(baseWeightsSha256),
    policySha256: records.flatMap((record) =>
      record.kind === 'iteration' ? [String(record.policySha256)] : [],
    ),
    batches: (from) => batchesOf(path, from, warn),
  };
}

function deviceOf(recorded: unknown, role: string): Device {
  const identity = (recorded as Readonly<Record<string, string>> | undefined)?.[role];
  return devices.find((device) => identity?.split(' ')[0] === device) ?? 'cpu';
}

async function* batchesOf(
  path: string,
  from: number,
  warn: Warn,
): AsyncGenerator<TrainingBatch__Output> {
  let iteration = 0;
  for await (const payload of readJournal(join(path, runFiles.journal), warn)) {
    if (iteration >= from) {
      const what = `${path}: journal record of iteration ${iteration}`;
      const batch = decodeStored(contracts.TrainingBatch, payload, what);
      if (batch.iteration !== iteration) {
        throw new MgrpoError('CORRUPT', `${what} is of iteration ${batch.iteration}`);
      }
      yield batch;
    }
    iteration += 1;
  }
}
