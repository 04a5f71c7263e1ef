import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPretrainConfig } from './pretrain-config.ts';

const recipe = join(import.meta.dirname, '../../../recipes/arithmetic-base.yaml');

function load(...assignments: string[]) {
  const overrides = assignments.map((assignment) => ({ flag: '--set', assignment }));
  return loadPretrainConfig({ file: recipe, overrides });
}

test('the recipe of the arithmetic base is complete and writes beside it', () => {
  const config = load();
  expect(config.output).toBe(join(import.meta.dirname, '../../../models/arithmetic-base'));
  expect(config.task).toEqual({
    kind: 'chain-arithmetic',
    bareShare: 0.6,
    noiseShare: 0.2,
    strayShare: 0,
  });
  expect(config.optimizer).toMatchObject({ beta1: 0.9, beta2: 0.999, weightDecay: 0.01 });
});

test('an unknown key and a missing one are named', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'mgrpo-pretrain-')), 'recipe.yaml');
  writeFileSync(file, 'output: base\ntask:\n  kind: chain-arithmetic\n  bareshare: 0.5\n');
  const act = () => loadPretrainConfig({ file, overrides: [] });
  expect(act).toThrow('did you mean "bareShare"?');
  expect(act).toThrow('"batchSize" is missing');
});

test.each([
  ['model.numKvHeads=3', 'model.numKvHeads 3 does not divide model.numHeads 4'],
  ['model.headDim=23', 'model.headDim 23 is odd'],
  ['steps=50', 'optimizer.warmupSteps 100 exceed the 50 steps'],
])('%s is refused before any work', (assignment, message) => {
  expect(() => load(assignment)).toThrow(message);
});
