import { fileURLToPath } from 'node:url';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { loadRunConfig } from '@mgrpo/config';
import { expect, test } from 'vitest';
import { initialWeightsPlace, runTrainerInit } from './run-trainer.ts';
import { initialTrainerState } from './trainer-state.ts';

const folder = fileURLToPath(new URL('../../../test/fixtures/tiny-qwen3', import.meta.url));
const settings = (...assignments: string[]) =>
  loadRunConfig({
    file: null,
    environment: {},
    overrides: [`model.path=${folder}`, 'prompts.train=b', ...assignments].map((assignment) => ({
      flag: '--set',
      assignment,
    })),
  });
const onDisk = 'deployment.learner.reference=disk';

test.each([
  [[], 'memory'],
  [[onDisk], 'disk'],
  [['algorithm.loss.klReference=momentum', onDisk], 'none'],
  [['algorithm.loss.klCoefficient=0', onDisk], 'none'],
  [['algorithm.adapter={}'], 'memory'],
] as const)('with %s the initial weights are: %s', (assignments, place) => {
  expect(initialWeightsPlace(settings(...assignments))).toBe(place);
});

test('in memory the reference is a second array beside the policy', async () => {
  const { state, reference } = runTrainerInit(settings(), await loadModelFolder(folder), null);
  expect(reference).toEqual(state.policy);
  expect((reference as Float32Array).buffer).not.toBe(state.policy.buffer);
});

test('on disk it is a folder and hashes, and the weights read are the policy or freed', async () => {
  const base = await loadModelFolder(folder);
  const { state, reference } = runTrainerInit(settings(onDisk), base, null);
  expect(reference).toMatchObject({ folder });
  expect(state.policy).toBe(base.weights);
  expect(state.momentum.buffer).not.toBe(state.policy.buffer);
  const resumed = await loadModelFolder(folder);
  const from = initialTrainerState(resumed.weights.slice());
  const again = runTrainerInit(settings(onDisk), resumed, from);
  expect(again).toMatchObject({ state: from, reference });
  expect(resumed.weights.length).toBe(0);
});
