import { describe, expect, it } from 'vitest';
import { parseMessage, voteJobSchema } from './jobs.ts';

const job = {
  runId: 'r',
  iteration: 0,
  weightVersion: 0,
  prompts: [{ prompt: 0, tokens: [1] }],
  gold: null,
  key: 'vote:0',
};
const wording = { prompt: 1, tokens: [2] };

describe('a vote job', () => {
  it.each([
    ['one prompt', {}],
    ['two wordings', { prompts: [...job.prompts, wording] }],
    ['a gold answer', { gold: '1/2' }],
  ])('of %s is taken', (_what, change) => {
    expect(parseMessage(voteJobSchema, { ...job, ...change }, 'job')).toEqual({
      ...job,
      ...change,
    });
  });

  it.each([
    ['no prompt', { prompts: [] }, /prompts/],
    [
      'three prompts',
      { prompts: [...job.prompts, wording, { prompt: 2, tokens: [3] }] },
      /prompts/,
    ],
    ['one prompt twice', { prompts: [...job.prompts, ...job.prompts] }, /two positions/],
    ['an empty gold answer', { gold: '' }, /gold/],
    ['no word on gold answers', { gold: undefined }, /gold/],
    ['a newer format', { format: 2 }, /is of another version of this program/],
    ['anything else', { answer: '7' }, /answer/],
  ])('of %s is refused', (_what, change, message) => {
    expect(() => parseMessage(voteJobSchema, { ...job, ...change }, 'job')).toThrow(message);
  });
});
