import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type LoadedCheckpoint,
  loadModelConfig,
  loadModelFolder,
  type ModelFolder,
  modelSha256,
  RunFolder,
  runFiles,
} from '@mgrpo/checkpoint';
import { parseRunConfig, type RunConfig, runIdentity, withoutSecrets } from '@mgrpo/config';
import { dataSha256 } from '@mgrpo/datasets';
import { MgrpoError } from '@mgrpo/errors';
import { openBucket, restoreRun } from '@mgrpo/object-store';
import { requireSameMinor, softwareVersion } from '@mgrpo/rpc';
import { chooseDevice, type Fingerprint, fingerprint, sameFingerprint } from '@mgrpo/runtime';
import {
  configHash,
  deviceFields,
  machineFingerprint,
  requireProcessMemory,
  type ServiceContext,
  WeightPublisher,
  workerName,
} from '@mgrpo/service';
import { iterationSchedule, learnerNeeds, runTrainerInit, TrainingEngine } from '@mgrpo/training';
import { Learner } from './learner.ts';
import { learnerMetrics } from './learner-metrics.ts';
import { RoleDevices } from './role-devices.ts';
import { openRunBackup } from './run-backup.ts';

export interface OpenedLearner {
  learner: Learner;
  publisher: WeightPublisher;
  devices: RoleDevices;
  runId: string;
  /** Uploads what the store still lacks, until a moment (ms since 1970). */
  finishBackup(untilMs: number): Promise<void>;
  close(): Promise<void>;
}

type LearnerContext = Pick<
  ServiceContext,
  'config' | 'log' | 'registry' | 'tracer' | 'env' | 'notice'
>;

/**
 * Opens the run folder (or starts it, or takes it from the store), takes the next learner epoch and loads the newest valid checkpoint.
 *
 * @throws MgrpoError INCOMPATIBLE when the folder's run has another configuration, base model or machine.
 */
export async function openLearner(
  context: LearnerContext,
  runFolder: string,
  onFatal: (error: unknown) => void,
): Promise<OpenedLearner> {
  const { config, log, registry, tracer } = context;
  const warn = (message: string) => log.warn(message);
  requireProcessMemory('learner', await loadModelConfig(config.model.path), config);
  const model = await loadModelFolder(config.model.path);
  if (model.unusedTensors.length > 0) warn(`not used: ${model.unusedTensors.join(', ')}`);
  const machine = await fingerprint();
  const runId = await runIdOf(config, model, machine);
  await restoreIfEmpty(context, runFolder, runId);
  const folder = await openRunFolder(runFolder, { config, model, machine, runId }, warn);
  const epoch = await folder.takeEpoch();
  const gauges = learnerMetrics(registry, { lag: config.lag, epoch: epoch.value });
  const backup = openRunBackup({
    ...context,
    ...{ runFolder, runId, epoch: epoch.value, metrics: gauges.store },
  });
  const checkpoints = await folder.openCheckpoints({
    keep: config.checkpoint.keep,
    isPinned: backup.isPinned,
    configJson: model.configJson,
    adapter: config.algorithm.adapter,
    tokenizerFolder: config.model.path,
  });
  const journal = await folder.openJournal(epoch);
  const versions = await folder.openVersions(config.lag + 1);
  const metrics = await folder.openMetrics();
  const checkpoint = await checkpoints.newestFor(journal.nextIteration);
  const choice = await chooseDevice(config.learner.device, learnerNeeds(config, model.config));
  log.info(deviceFields(choice), 'device');
  const devices = new RoleDevices(folder);
  await devices.admit('learner', workerName(), choice.identity);
  const engine = await TrainingEngine.start({
    ...runTrainerInit(config, model, checkpoint?.state ?? null),
    device: choice.device,
  });
  gauges.checkpoint(checkpoint?.state.iterations ?? 0, await writtenAtMs(checkpoint));
  const publisher = new WeightPublisher(config.lag + 1, { onTransfer: gauges.sent, tracer });
  const learner = new Learner({
    runId,
    fingerprint: await machineFingerprint(),
    epoch: epoch.value,
    entropySource: config.rollout.engine === 'onnx' ? 'vocabulary' : 'top-k',
    total: config.iterations,
    lag: config.lag,
    checkpointEvery: config.checkpoint.everyIterations,
    collapse: config.collapse,
    folder,
    engine,
    schedule: (iteration) => iterationSchedule(iteration, config.iterations, config.algorithm),
    applied: checkpoint?.state.iterations ?? 0,
    journal,
    versions,
    checkpoints,
    metrics,
    backUp: backup.add,
    gauges,
    publisher,
    log,
    tracer,
    onFatal,
  });
  const close = async () => {
    await engine.close();
    await journal.close();
    await metrics.close();
  };
  // What an earlier learner could not upload.
  const iterations = journal.nextIteration;
  await backup.add({ iterations, checkpoint: checkpoint?.state.iterations ?? null });
  return { learner, publisher, devices, runId, finishBackup: backup.finish, close };
}

/** An empty run folder takes the run from the store, where there is one: a pod needs no lasting disk. */
async function restoreIfEmpty(
  { config, env, notice }: LearnerContext,
  runFolder: string,
  runId: string,
): Promise<void> {
  const { store } = config.deployment;
  const isEmpty = !existsSync(join(runFolder, runFiles.manifest));
  if (store.url === null || !store.restore || !isEmpty) return;
  await restoreRun(openBucket(store.url, { store, env }), runFolder, { runId, tell: notice });
}

/** When the checkpoint was written; now, where there is none. */
async function writtenAtMs(checkpoint: LoadedCheckpoint | null): Promise<number> {
  return checkpoint === null ? Date.now() : (await stat(checkpoint.folder)).mtimeMs;
}

/** The run's name: equal for equal configuration, data, base weights and ONNX Runtime. */
async function runIdOf(
  config: RunConfig,
  model: ModelFolder,
  { onnxRuntime }: Fingerprint,
): Promise<string> {
  const { train, validation } = config.prompts;
  const identity = runIdentity(config, {
    model: await modelSha256(config.model.path, model),
    trainPrompts: await dataSha256(train),
    validationPrompts: validation === null ? null : await dataSha256(validation),
  });
  return createHash('sha256').update(`${identity}\n${onnxRuntime}`).digest('hex').slice(0, 12);
}

interface RunDescription {
  config: RunConfig;
  model: ModelFolder;
  machine: Fingerprint;
  runId: string;
}

/**
 * `mgrpo train` has written the configuration as it was asked for; ours has the ports and the private Redis of
 * this start too, which a resumed run must not look for.
 */
async function configToStore(path: string, config: RunConfig): Promise<RunConfig> {
  const where = join(path, runFiles.config);
  const text = await readFile(where, 'utf8').catch(() => null);
  if (text === null) return withoutSecrets(config);
  const written = parseRunConfig(JSON.parse(text), where);
  return configHash(written) === configHash(config) ? written : withoutSecrets(config);
}

async function openRunFolder(
  path: string,
  { config, model, machine, runId }: RunDescription,
  warn: (message: string) => void,
): Promise<RunFolder> {
  let folder: RunFolder;
  try {
    folder = await RunFolder.open(path, { warn });
  } catch (error) {
    if (!(error instanceof MgrpoError) || error.code !== 'NOT_FOUND') throw error;
    const manifest = {
      runId,
      version: softwareVersion,
      baseWeightsSha256: model.sha256,
      machine,
    };
    const contents = { config: { ...(await configToStore(path, config)) }, manifest };
    return await RunFolder.create(path, contents, { warn });
  }
  const { version } = folder.manifest;
  if (typeof version === 'string') requireSameMinor(join(path, runFiles.manifest), version);
  if (folder.manifest.runId !== runId) {
    throw new MgrpoError(
      'INCOMPATIBLE',
      `${join(path, 'manifest.json')} belongs to run ${folder.manifest.runId}, this configuration, model and prompts to ${runId}; go on with the folder's own, or start a new folder`,
    );
  }
  if (!sameFingerprint(folder.manifest.machine as Fingerprint, machine)) {
    throw new MgrpoError(
      'INCOMPATIBLE',
      `${path} was begun on ${JSON.stringify(folder.manifest.machine)}, this is ${JSON.stringify(machine)}: the bits would differ; go on there, or start a new folder`,
    );
  }
  return folder;
}
