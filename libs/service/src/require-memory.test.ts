import { fileURLToPath } from 'node:url';
import { loadModelConfig } from '@mgrpo/checkpoint';
import { loadRunConfig } from '@mgrpo/config';
import { expect, test } from 'vitest';
import { bytesOf, memoryPlan } from './memory-plan.ts';
import { requireProcessMemory, requireRunMemory } from './require-memory.ts';

const recipe = fileURLToPath(new URL('../../../recipes/arithmetic.yaml', import.meta.url));
const settings = (...assignments: string[]) =>
  loadRunConfig({
    file: recipe,
    environment: {},
    overrides: assignments.map((assignment) => ({ flag: '--set', assignment })),
  });
const config = settings();
const model = await loadModelConfig(config.model.path);
const plan = memoryPlan(model, config);

test('what fits is let through', async () => {
  for (const { process } of plan.processes) requireProcessMemory(process, model, config);
  await requireRunMemory(config);
});

test('a process that does not fit is refused with the numbers and the setting that fits', () => {
  const learner = bytesOf(plan.processes[0]!);
  const require = (memoryBytes: number) => () =>
    requireProcessMemory('learner', model, config, memoryBytes);
  require(learner)();
  expect(require(learner - 1)).toThrow(
    /the learner needs about .* \(policy .*, activations \(estimate\) .*\) and this machine has .*; it fits with deployment.learner.reference disk$/,
  );
  const both = /reference disk and learner.microbatchTokens (\d+)$/;
  const tokens = Number(both.exec(errorOf(require(learner / 2)))![1]);
  const smaller = settings(
    'deployment.learner.reference=disk',
    `learner.microbatchTokens=${tokens}`,
  );
  requireProcessMemory('learner', model, smaller, learner / 2);
  expect(require(1_000_000)).toThrow(
    /with deployment.learner.reference disk and learner.microbatchTokens 26 it is still/,
  );
});

test('processes that fit alone and not together are refused with the slots that fit', async () => {
  const rollouts = settings('deployment.workers.policy=3');
  const { totalBytes } = memoryPlan(model, rollouts);
  await requireRunMemory(rollouts, totalBytes);
  await expect(requireRunMemory(rollouts, totalBytes - 1)).rejects.toMatchObject({
    code: 'RESOURCE',
    message: expect.stringMatching(/3 × policy-rollout .* fits with deployment.learner.reference/),
  });
  const onDisk = settings('deployment.workers.policy=3', 'deployment.learner.reference=disk');
  const less = memoryPlan(model, onDisk).totalBytes;
  await requireRunMemory(onDisk, less);
  await expect(requireRunMemory(onDisk, less - 1)).rejects.toThrow(
    /fits with deployment.rollout.slots \d+, or with fewer deployment.workers/,
  );
});

test('rounded weights are counted beside those that they were made of', () => {
  const rounded = (bits: number) =>
    settings(`rollout.quantisation={ bits: ${bits} }`, 'algorithm.loss.importance={}');
  const partsOf = (given: typeof config) => memoryPlan(model, given).processes[1]!.parts;
  const [, weights, rounding] = partsOf(rounded(8));
  expect(weights!.name).toBe('8-bit weights, 2 versions');
  // 32 codes and a scale, twice, against 32 codes and three numbers for each of two versions.
  expect(rounding!.bytes).toBe((weights!.bytes * 36) / 44);
  const [held] = partsOf(config);
  expect(weights!.bytes / held!.bytes).toBeCloseTo(44 / 32 / 4, 1);
  expect(partsOf(rounded(4))[1]!.bytes).toBe((weights!.bytes * 28) / 44);
  expect(partsOf(config).map(({ name }) => name)).not.toContain('rounding a version');
});

test("engines whose memory is not this machine's are not counted", () => {
  const servers = settings('rollout.device=webgpu');
  requireProcessMemory('policy-rollout', model, servers, 1);
  expect(() => requireProcessMemory('policy-rollout', model, config, 1)).toThrow('policy-rollout');
});

function errorOf(call: () => void): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}
