import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { readEvents } from '../export/event-reader.fixture.ts';
import { exportRun } from './export.ts';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-export-'));
const run = join(folder, 'runs', 'first');
const out = join(folder, 'out');
const lines = [
  '{"kind":"evaluation","version":0,"passes":[{"temperature":0,"accuracy":0.25}]}',
  '{"kind":"iteration","iteration":0,"reward":0.5,"seconds":{"total":10},"policySha256":"ab"}',
  '{"kind":"iteration","iteration":1,"reward":0.75,"seconds":{"total":5},"policySha256":"cd"}',
];
const endSeconds = 1_700_000_000;

function writeRun(metrics: string): void {
  const config = {
    seed: 1,
    iterations: 2,
    algorithm: { groupSize: 4, optimizer: { learningRate: 1e-8 } },
    prompts: { template: '{prompt}: "\n', validation: null },
    deployment: { redis: { url: 'redis://:secret@cache' } },
  };
  writeFileSync(join(run, 'config.json'), JSON.stringify(config));
  writeFileSync(join(run, 'manifest.json'), '{"formatVersion":1,"runId":"0123abcd"}');
  writeFileSync(join(run, 'metrics.jsonl'), metrics);
  utimesSync(join(run, 'metrics.jsonl'), endSeconds, endSeconds);
}

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(run, { recursive: true });
  writeRun(`${lines.join('\n')}\n`);
  return () => vi.restoreAllMocks();
});
afterAll(() => rmSync(folder, { recursive: true }));

const textOf = (...path: string[]) => readFileSync(join(out, ...path), 'utf8');
const filesOf = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();

test('TensorBoard: one event file a run, replaced by the next export', async () => {
  expect(await exportRun(run, { to: 'tensorboard', out })).toBe(0);
  await exportRun(run, { to: 'tensorboard', out });
  const [name, ...others] = readdirSync(join(out, 'first'));
  expect(others).toEqual([]);
  expect(name).toMatch(/^events\.out\.tfevents\.mgrpo-[0-9a-f]{12}$/);
  const events = readEvents(readFileSync(join(out, 'first', name!)));
  expect(events.map(({ wallTime, step }) => [wallTime - endSeconds, step])).toEqual([
    [-15, 0],
    [-15, 0],
    [-5, 0],
    [0, 1],
  ]);
  expect(events[1]!.values).toEqual({ 'validation/greedy_accuracy': 0.25 });
  expect(events[3]!.values).toEqual({ 'train/reward': 0.75, 'seconds/total': 5 });
});

test('Weights & Biases: configuration, history by step, summary', async () => {
  await exportRun(run, { to: 'wandb', out });
  expect(filesOf(join(out, 'first'))).toEqual([
    'config.yaml',
    'wandb-history.jsonl',
    'wandb-summary.json',
  ]);
  expect(textOf('first', 'config.yaml')).toBe(
    [
      'wandb_version: 1',
      'seed: {"value": 1}',
      'iterations: {"value": 2}',
      'algorithm: {"value": {"groupSize": 4, "optimizer": {"learningRate": 1.0e-8}}}',
      'prompts: {"value": {"template": "{prompt}: \\"\\n", "validation": null}}',
      '',
    ].join('\n'),
  );
  const rows = textOf('first', 'wandb-history.jsonl').trimEnd().split('\n');
  expect(rows.map((row) => JSON.parse(row))).toEqual([
    {
      _step: 0,
      _timestamp: endSeconds - 5,
      _runtime: 10,
      'validation/greedy_accuracy': 0.25,
      'train/reward': 0.5,
      'seconds/total': 10,
    },
    { _step: 1, _timestamp: endSeconds, _runtime: 15, 'train/reward': 0.75, 'seconds/total': 5 },
  ]);
  expect(JSON.parse(textOf('first', 'wandb-summary.json'))).toMatchObject({
    _step: 1,
    'train/reward': 0.75,
    'validation/greedy_accuracy': 0.25,
  });
});

test('MLflow: a run in the layout of its file store, without where it was deployed', async () => {
  await exportRun(run, { to: 'mlflow', out });
  const [experiment, ...others] = readdirSync(out);
  expect(others).toEqual([]);
  const [id] = readdirSync(join(out, experiment!)).filter((name) => name !== 'meta.yaml');
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(filesOf(join(out, experiment!, id!))).toEqual([
    'meta.yaml',
    'metrics/seconds/total',
    'metrics/train/reward',
    'metrics/validation/greedy_accuracy',
    'params/algorithm.groupSize',
    'params/algorithm.optimizer.learningRate',
    'params/iterations',
    'params/prompts.template',
    'params/prompts.validation',
    'params/seed',
    'tags/mgrpo.policy_sha256',
    'tags/mgrpo.run_id',
    'tags/mlflow.runName',
    'tags/mlflow.source.type',
  ]);
  expect(textOf(experiment!, id!, 'metrics/train/reward')).toBe(
    '1699999995000 0.5 0\n1700000000000 0.75 1\n',
  );
  expect(textOf(experiment!, id!, 'params/prompts.template')).toBe('{prompt}: "\n');
  expect(textOf(experiment!, id!, 'tags/mlflow.runName')).toBe('first');
  const meta = textOf(experiment!, id!, 'meta.yaml');
  expect(meta).toContain(
    `experiment_id: "${experiment}"\nlifecycle_stage: "active"\nrun_id: "${id}"`,
  );
  expect(meta).toContain(
    `artifact_uri: "${pathToFileURL(join(out, experiment!, id!, 'artifacts'))}"`,
  );
  expect(meta).toMatch(/end_time: 1700000000000\n(.*\n)*start_time: 1699999985000\nstatus: 3\n/);
  expect(textOf(experiment!, 'meta.yaml')).toContain(`experiment_id: "${experiment}"`);
});

test('MLflow: a run with iterations left is running; the experiment stays as it was renamed', async () => {
  writeRun(`${lines.slice(0, 2).join('\n')}\n`);
  await exportRun(run, { to: 'mlflow', out });
  const experiment = readdirSync(out)[0]!;
  writeFileSync(join(out, experiment, 'meta.yaml'), 'name: mine\n');
  await exportRun(run, { to: 'mlflow', out });
  const [file] = filesOf(join(out, experiment)).filter((name) => /^[^/]+\/meta\.yaml$/.test(name));
  expect(textOf(experiment, file!)).toMatch(/end_time: null\n(.*\n)*status: 1\n/);
  expect(textOf(experiment, 'meta.yaml')).toBe('name: mine\n');
});

test.each([
  ['none', '', /none is not there; give the folder of a run/, 'NOT_FOUND'],
  ['.', '', /has no manifest\.json; give the folder of a run/, 'NOT_FOUND'],
  ['runs/first', '', /metrics\.jsonl has no metrics yet; export it after/, 'NOT_FOUND'],
  ['runs/first', `${lines[0]}\noops\n`, /metrics\.jsonl:2 is no JSON .*delete the line/, 'CORRUPT'],
  ['runs/first', '{"kind":"x"}\n', /metrics\.jsonl:1 is no metrics record/, 'CORRUPT'],
])(
  '%s with metrics %j is refused, and nothing is written',
  async (source, metrics, message, code) => {
    writeRun(metrics);
    const failed = exportRun(join(folder, source), { to: 'wandb', out });
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readdirSync(folder)).toEqual(['runs']);
  },
);

test('an export never writes into a run, and says when it can not write', async () => {
  const into = exportRun(run, { to: 'wandb', out: join(folder, 'runs') });
  await expect(into).rejects.toThrow(/runs\/first is a run, .*choose another folder with --out/);
  writeFileSync(out, '');
  const blocked = exportRun(run, { to: 'wandb', out });
  await expect(blocked).rejects.toThrow(/can't write .*config\.yaml: .*another --out/);
});
