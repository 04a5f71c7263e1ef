import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { methods } from '@mgrpo/algorithm';
import { loadPretrainConfig, loadRunConfig, type Override } from '@mgrpo/config';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../../recipes');
const recipes = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** What some recipes leave to the command line. */
const flags: Override[] = [
  { flag: '--model', assignment: 'model.path=/model' },
  { flag: '--prompts', assignment: 'prompts.train=/prompts.jsonl' },
];

const load = (name: string, overrides: Override[] = []) =>
  loadRunConfig({ file: join(folder, name), environment: {}, overrides });

test.each(recipes)('recipes/%s parses', (name) => {
  if (/-base(-\d+)?\.yaml$/.test(name)) {
    loadPretrainConfig({ file: join(folder, name), overrides: [] });
  } else {
    load(name, flags);
  }
});

test('recipes/qwen3-4b-math.yaml holds the paper, Table 4 and section 3', () => {
  expect(load('qwen3-4b-math.yaml')).toMatchObject({
    lag: 0,
    algorithm: {
      method: 'mgrpo',
      promptsPerIteration: 8,
      groupSize: 32,
      momentumRollouts: 8,
      filter: { kind: 'iqr', k: 0.75, fence: 'pooled', scope: 'vote-and-train' },
      loss: { clipRatio: 0.2, klCoefficient: 0.005 },
      optimizer: {
        learningRate: 1e-6,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        schedule: 'cosine',
        warmupRatio: 0.1,
      },
      momentum: { coefficient: 0.99 },
    },
    prompts: { maxPromptTokens: 512 },
    sampling: { temperature: 1.1, maxResponseTokens: 3072 },
    evaluation: { temperature: 0.8 },
  });
});

const others = Object.keys(methods).filter((method) => method !== 'mgrpo');

test.each(others)('recipes/arithmetic-%s.yaml is arithmetic.yaml by another method', (method) => {
  const mgrpo = load('arithmetic.yaml');
  const { prompts, ...other } = load(`arithmetic-${method}.yaml`);
  const { prompts: samePrompts, algorithm, ...rest } = mgrpo;
  expect(other).toEqual({ ...rest, algorithm: { ...algorithm, method } });
  // The rows of train.jsonl that have rephrasings, with them.
  const train = method === 'co-reward' ? 'train-rephrased.jsonl' : 'train.jsonl';
  expect(prompts).toEqual({ ...samePrompts, train: join(dirname(samePrompts.train), train) });
});

test('the recipes that are compared differ in what they compare alone', () => {
  const { algorithm: srt, ...rest } = load('arithmetic-collapse-srt.yaml');
  const { algorithm: mgrpo, ...sameRest } = load('arithmetic-collapse-mgrpo.yaml');
  expect(sameRest).toEqual(rest);
  expect(mgrpo).toEqual({ ...srt, method: 'mgrpo', momentumRollouts: 16 });
});
