import { pathToFileURL } from 'node:url';
import type { ExportedFile, ExportedRun } from './exported-run.ts';
import { yamlFile } from './yaml.ts';

// One experiment for all runs. MLflow numbers experiments with 18 digits; ours is the same in every store.
const experiment = { id: '479236105584320917', name: 'mgrpo' };

// RunStatus and SourceType of MLflow's service.proto.
const status = { running: 1, finished: 3 };
const localSource = 4;

/**
 * A run as MLflow's file store has it (mlflow/store/tracking/file_store.py), with `--out` as the store.
 *
 * `store` is its absolute path, which MLflow keeps in the addresses of artifacts.
 */
export function mlflowFiles(run: ExportedRun, store: string): ExportedFile[] {
  const folder = `${experiment.id}/${run.id}`;
  return [
    { path: `${experiment.id}/meta.yaml`, content: experimentMeta(run, store), isShared: true },
    { path: `${folder}/meta.yaml`, content: runMeta(run, store) },
    ...filesIn(`${folder}/tags`, tagsOf(run)),
    ...filesIn(`${folder}/params`, settingsOf(run.config)),
    ...filesIn(`${folder}/metrics`, metricLines(run)),
  ];
}

function filesIn(folder: string, contents: Iterable<readonly [string, string]>): ExportedFile[] {
  return [...contents].map(([name, content]) => ({ path: `${folder}/${name}`, content }));
}

function experimentMeta({ startMs }: ExportedRun, store: string): string {
  const timeMs = Math.floor(startMs);
  return yamlFile({
    artifact_location: pathToFileURL(`${store}/${experiment.id}`).href,
    creation_time: timeMs,
    experiment_id: experiment.id,
    last_update_time: timeMs,
    lifecycle_stage: 'active',
    name: experiment.name,
  });
}

function runMeta({ id, name, rows, startMs, isComplete }: ExportedRun, store: string): string {
  return yamlFile({
    artifact_uri: pathToFileURL(`${store}/${experiment.id}/${id}/artifacts`).href,
    deleted_time: null,
    end_time: isComplete ? Math.floor(rows.at(-1)!.timeMs) : null,
    entry_point_name: '',
    experiment_id: experiment.id,
    lifecycle_stage: 'active',
    run_id: id,
    run_name: name,
    run_uuid: id,
    source_name: '',
    source_type: localSource,
    source_version: '',
    start_time: Math.floor(startMs),
    status: isComplete ? status.finished : status.running,
    tags: [],
    user_id: '',
  });
}

function tagsOf({ name, runId, policySha256 }: ExportedRun): [string, string][] {
  return [
    ['mlflow.runName', name],
    ['mlflow.source.type', 'LOCAL'],
    ['mgrpo.run_id', runId],
    ...(policySha256 === null ? [] : [['mgrpo.policy_sha256', policySha256] as [string, string]]),
  ];
}

/** Dotted keys, as in docs/configuration.md, with the values as text. */
function settingsOf(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [[path, JSON.stringify(value)]];
  }
  return Object.entries(value).flatMap(([key, part]) =>
    settingsOf(part, path === '' ? key : `${path}.${key}`),
  );
}

/** By metric, a line a value: time (ms), value, step. */
function metricLines({ rows }: ExportedRun): Map<string, string> {
  const lines = new Map<string, string>();
  for (const { step, timeMs, values } of rows) {
    for (const [name, value] of values) {
      lines.set(name, `${lines.get(name) ?? ''}${Math.floor(timeMs)} ${value} ${step}\n`);
    }
  }
  return lines;
}
