import type { Question } from '@mgrpo/datasets';
import { describe, expect, it } from 'vitest';
import { type PlanOptions, planEvaluation, planIteration } from './plan.ts';

const options: PlanOptions = {
  runId: 'r',
  seed: 1,
  lag: 1,
  algorithm: { method: 'mgrpo', promptsPerIteration: 2 },
  rollouts: { policy: 5, momentum: 2 },
  rolloutsPerJob: 2,
  sampling: { temperature: 1.1, topP: 1, topK: 0, maxResponseTokens: 8, selfCertainty: false },
};
const prompts = [1, 2, 3, 4].map((token) => Int32Array.of(token));
const questions = prompts.map((tokens): Question => ({ kind: 'none', tokens }));

describe('planIteration', () => {
  it('covers each role’s rollouts of each prompt exactly once', () => {
    const plan = planIteration(3, questions, options);
    if (plan.kind !== 'iteration') return expect.unreachable();
    expect(plan.questions).toHaveLength(2);
    for (const { rollouts } of plan.questions) {
      const ranges = rollouts.map((job) => [job.role, job.firstRollout, job.numRollouts]);
      expect(ranges).toEqual([
        ['policy', 0, 2],
        ['policy', 2, 2],
        ['policy', 4, 1],
        ['momentum', 0, 2],
      ]);
    }
  });

  it('names the weight version t - lag, and the base model’s at the start', () => {
    const versionOf = (t: number) => {
      const plan = planIteration(t, questions, options);
      return plan.kind === 'iteration' ? plan.learn.weightVersion : -1;
    };
    expect([0, 1, 2, 9].map(versionOf)).toEqual([0, 0, 1, 8]);
  });

  it('visits every prompt once an epoch', () => {
    const seen = [0, 1].flatMap((t) => {
      const plan = planIteration(t, questions, options);
      return plan.kind === 'iteration'
        ? plan.questions.flatMap(({ vote }) => vote.prompts[0]!.tokens)
        : [];
    });
    expect(seen.sort()).toEqual([1, 2, 3, 4]);
  });

  it('gives every job a payload key of its own', () => {
    const plan = planIteration(0, questions, options);
    if (plan.kind !== 'iteration') return expect.unreachable();
    const keys = plan.questions.flatMap(({ rollouts }) => rollouts.map((job) => job.key));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('votes on both wordings of a question in one job, on rollouts of each', () => {
    const pair: Question = {
      kind: 'other-wording',
      tokens: Int32Array.of(1),
      rephrasings: [Int32Array.of(7)],
    };
    const plan = planIteration(0, [pair], {
      ...options,
      algorithm: { method: 'co-reward', promptsPerIteration: 2 },
      rollouts: { policy: 4, momentum: 0 },
    });
    if (plan.kind !== 'iteration') return expect.unreachable();
    const [{ vote, rollouts } = expect.unreachable()] = plan.questions;
    expect(vote.prompts).toEqual([
      { prompt: 0, tokens: [1] },
      { prompt: 1, tokens: [7] },
    ]);
    const asked = rollouts.map(({ prompts, firstRollout }) => [prompts[0]!.prompt, firstRollout]);
    expect(asked).toEqual([
      [0, 0],
      [0, 2],
      [1, 0],
      [1, 2],
    ]);
  });

  it('carries a gold answer to the vote of a labelled method, and to nothing else', () => {
    const labelled = prompts.map((tokens): Question => ({ kind: 'gold', tokens, answer: 'GOLD' }));
    const plan = planIteration(0, labelled, {
      ...options,
      algorithm: { method: 'grpo', promptsPerIteration: 2 },
    });
    if (plan.kind !== 'iteration') return expect.unreachable();
    expect(plan.questions.map(({ vote }) => vote.gold)).toEqual(['GOLD', 'GOLD']);
    expect(JSON.stringify(plan.questions.map(({ rollouts }) => rollouts))).not.toContain('GOLD');
    const labelFree = planIteration(0, questions, options);
    if (labelFree.kind !== 'iteration') return expect.unreachable();
    expect(labelFree.questions.map(({ vote }) => vote.gold)).toEqual([null, null]);
  });
});

describe('planEvaluation', () => {
  it('asks every problem in every pass', () => {
    const pass = (temperature: number, samples: number) => ({
      samples,
      sampling: { ...options.sampling, temperature },
    });
    const plan = planEvaluation(7, prompts, {
      runId: 'r',
      problemsPerJob: 3,
      passes: [pass(0, 1), pass(0.8, 4)],
    });
    const asked = plan.kind === 'evaluation' ? plan.rollouts : [];
    expect(
      asked.map((job) => [job.prompts.length, job.numRollouts, job.sampling.temperature]),
    ).toEqual([
      [3, 1, 0],
      [1, 1, 0],
      [3, 4, 0.8],
      [1, 4, 0.8],
    ]);
    expect(new Set(asked.map((job) => job.key)).size).toBe(4);
    expect(asked.every((job) => job.weightVersion === 7)).toBe(true);
  });
});
