import type { RunStatus__Output } from '@mgrpo/rpc';
import { expect, it } from 'vitest';
import { waitingFor } from './waiting-for.ts';

const queue = { queue: 'vote', waiting: 0, active: 0, delayed: 0, blocked: 0, failed: 0 };
const status = {
  run: { phase: 'running', error: '' },
  learner: { phase: 'waiting' },
  learnerConnected: true,
  redisAnswers: true,
  outage: '',
  services: [{ service: 'voter', process: 'a:1', state: 'ready', weightVersions: [], jobs: 0 }],
  queues: [queue],
  activeJobs: [],
  deadlines: [],
} as unknown as RunStatus__Output;

it.each([
  ['Redis, which does not answer', { redisAnswers: false }],
  ['the learner, which is not reached', { learnerConnected: false }],
  ['the end of an outage: OOM', { outage: 'OOM' }],
  ['the coordinator, which adds the next jobs', {}],
  ['a voter that fetches: 2 vote jobs wait', { queues: [{ ...queue, waiting: 2 }] }],
  [
    'a voter, of which none is alive: 2 vote jobs wait',
    { queues: [{ ...queue, waiting: 2 }], services: [] },
  ],
  [
    'voter a:1: 1 vote job in hand for up to 3.0 s',
    {
      queues: [{ ...queue, active: 1 }],
      activeJobs: [{ queue: 'vote', id: '0', process: 'a:1', seconds: 3 }],
    },
  ],
  [
    'weights: 4 rollout-policy jobs are put off until they arrive',
    { queues: [{ ...queue, queue: 'rollout-policy', delayed: 4 }] },
  ],
])('%s', (words, change) => {
  expect(waitingFor({ ...status, ...change } as RunStatus__Output)).toEqual([words]);
});

it('nothing, where the run is over, and why', () => {
  const failed = { ...status, run: { ...status.run!, phase: 'failed', error: 'no disk' } };
  expect(waitingFor(failed)).toEqual(['nothing: it has failed (no disk)']);
});
