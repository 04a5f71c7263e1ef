import { loadRunConfig } from '@mgrpo/config';
import { expect, test } from 'vitest';
import { jobsInHand } from './jobs-in-hand.ts';

/** Of the paper's groups: 24 policy and 8 momentum rollouts of a prompt. */
function jobs(role: 'policy' | 'momentum', ...settings: string[]): number {
  const all = [
    'model.path=base',
    'prompts.train=train.jsonl',
    'algorithm.groupSize=32',
    'deployment.rollout.slots=64',
    ...settings,
  ];
  const overrides = all.map((assignment) => ({ flag: '--set', assignment }));
  return jobsInHand(loadRunConfig({ file: null, environment: {}, overrides }), role);
}

test('a worker takes as many jobs as fill its slots, and one more, however small the jobs are', () => {
  expect([jobs('policy'), jobs('momentum')]).toEqual([3 + 1, 8 + 1]);
  expect(jobs('policy', 'deployment.rollout.rolloutsPerJob=4')).toBe(16 + 1);
  expect(jobs('policy', 'deployment.rollout.slots=1')).toBe(2);
});
