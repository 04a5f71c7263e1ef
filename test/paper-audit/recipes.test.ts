import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadRunConfig } from '@mgrpo/config';
import { expect, test } from 'vitest';

const recipes = join(import.meta.dirname, '../../recipes');
const load = (file: string) =>
  loadRunConfig({ file: join(recipes, file), environment: {}, overrides: [] });

/** Table 4 and section 3, spelt out; a test of the command line holds it to the paper. */
const spelt = load('qwen3-4b-math.yaml');

const models = {
  'qwen3-1.7b': 'Qwen3-1.7B-Base',
  'qwen3-4b': 'Qwen3-4B-Base',
  'qwen3-8b': 'Qwen3-8B-Base',
  'qwen2.5-3b': 'Qwen2.5-3B',
  'qwen2.5-7b': 'Qwen2.5-7B',
};

const expected = [
  ...Object.entries(models).flatMap(([name, model]) => [
    { file: `${name}-mgrpo.yaml`, method: 'mgrpo', model },
    { file: `${name}-srt.yaml`, method: 'srt', model },
  ]),
  { file: 'qwen2.5-3b-intuitor.yaml', method: 'intuitor', model: models['qwen2.5-3b'] },
];

test('every backbone of the figures has its recipes', () => {
  expect(readdirSync(join(recipes, 'paper'))).toEqual(expected.map(({ file }) => file).sort());
});

test.each(expected)(
  'recipes/paper/$file has the paper’s settings, and differs in model and method alone',
  ({ file, method, model }) => {
    const config = load(`paper/${file}`);
    expect(basename(config.model.path)).toBe(model);
    expect(config.prompts.template).toMatch(/^<\|im_start\|>system\n.*\{prompt\}<\|im_end\|>\n/s);
    expect({ ...config, model: null, prompts: { ...config.prompts, template: null } }).toEqual({
      ...spelt,
      model: null,
      prompts: { ...spelt.prompts, template: null },
      algorithm: {
        ...spelt.algorithm,
        method,
        // Null is the method's own: G/4 and `iqr` for mgrpo, none and `off` for the others.
        momentumRollouts: null,
        filter: { ...spelt.algorithm.filter, kind: null },
      },
    });
  },
);
