import type { FailedJob } from '@mgrpo/queues';
import { expect, it } from 'vitest';
import { JobFailures, jobName } from './job-failures.ts';

function failed(attempts: readonly (readonly [process: string, code: string])[]): FailedJob {
  return {
    queue: 'vote',
    id: '3.ab1.0',
    data: { key: 'mgrpo:4f2a:verdict:3:0' },
    attempts: attempts.map(([process, code]) => ({ process, code, message: 'no' })),
    reason: 'no',
  };
}

it('counts tries and processes over the trees that a job stood in', () => {
  const failures = new JobFailures();
  expect(failures.count(failed([['a:1', 'INTERNAL']]))).toEqual({ attempts: 1, processes: 1 });
  const again = { ...failed([['b:2', 'INVALID_MESSAGE']]), id: '3.ab2.0' };
  expect(failures.count(again)).toEqual({ attempts: 2, processes: 2 });
  // Looked at once more, because the next tree could not be added yet.
  expect(failures.count(again)).toEqual({ attempts: 2, processes: 2 });
});

it('does not count what the job is not to blame for', () => {
  const lost = failed([
    ['a:1', 'NOT_FOUND'],
    ['b:2', 'CORRUPT'],
    ['b:2', 'UNAVAILABLE'],
  ]);
  expect(new JobFailures().count(lost)).toEqual({ attempts: 0, processes: 0 });
});

it('names a job by what it makes, else by its iteration, as a file may be named', () => {
  expect(jobName(failed([]))).toBe('vote-verdict-3-0');
  expect(jobName({ ...failed([]), queue: 'learn', id: '7.x1', data: {} })).toBe('learn-7');
});
