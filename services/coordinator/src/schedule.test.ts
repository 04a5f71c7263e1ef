import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueWork, isFinished, type Progress } from './schedule.ts';

const progress = (overrides: Partial<Progress>): Progress => ({
  applied: 0,
  total: 10,
  lag: 0,
  evaluateEvery: 0,
  evaluated: new Set(),
  isHalted: false,
  ...overrides,
});

describe('dueWork', () => {
  it('has the next iteration only, on-policy', () => {
    expect(dueWork(progress({ applied: 3 })).iterations).toEqual([3]);
  });

  it('runs as many iterations ahead as the lag allows', () => {
    expect(dueWork(progress({ applied: 3, lag: 2 })).iterations).toEqual([3, 4, 5]);
  });

  it('ends with the last iteration', () => {
    expect(dueWork(progress({ applied: 9, lag: 2 })).iterations).toEqual([9]);
    expect(dueWork(progress({ applied: 10, lag: 2 })).iterations).toEqual([]);
  });

  it('evaluates a version before the iteration that would push it out', () => {
    const due = dueWork(progress({ applied: 5, evaluateEvery: 5, evaluated: new Set([0]) }));
    expect(due).toEqual({ evaluation: 5, iterations: [] });
  });

  it('lets the iterations go on that keep the evaluated version alive', () => {
    const due = dueWork(
      progress({ applied: 5, lag: 1, evaluateEvery: 5, evaluated: new Set([0]) }),
    );
    expect(due).toEqual({ evaluation: 5, iterations: [5] });
  });

  it('evaluates the last version whatever the interval', () => {
    const last = progress({ applied: 10, evaluateEvery: 7, evaluated: new Set([0, 7]) });
    expect(dueWork(last).evaluation).toBe(10);
    expect(isFinished(last)).toBe(false);
    expect(isFinished({ ...last, evaluated: new Set([0, 7, 10]) })).toBe(true);
  });

  it('adds no iteration after a halt, evaluates what is due, and then it is finished', () => {
    const halted = progress({ applied: 5, lag: 1, evaluateEvery: 5, isHalted: true });
    expect(dueWork(halted)).toEqual({ evaluation: 5, iterations: [] });
    expect(isFinished(halted)).toBe(false);
    expect(isFinished({ ...halted, evaluated: new Set([5]) })).toBe(true);
    expect(isFinished(progress({ applied: 3, isHalted: true }))).toBe(true);
  });

  it('never stops before the end, and never lets go of a version that is still needed', () => {
    const runs = fc.record({
      total: fc.integer({ min: 1, max: 30 }),
      lag: fc.integer({ min: 0, max: 4 }),
      evaluateEvery: fc.integer({ min: 0, max: 7 }),
      // Whether the evaluation or an iteration ends first, again and again.
      choices: fc.infiniteStream(fc.boolean()),
    });
    fc.assert(
      fc.property(runs, ({ total, lag, evaluateEvery, choices }) => {
        const evaluated = new Set<number>();
        let applied = 0;
        for (let step = 0; step < 200; step++) {
          const state = { applied, total, lag, evaluateEvery, evaluated, isHalted: false };
          if (isFinished(state)) return;
          const { evaluation, iterations } = dueWork(state);
          expect(evaluation !== undefined || iterations.includes(applied)).toBe(true);
          if (evaluation !== undefined) expect(evaluation).toBeGreaterThanOrEqual(applied - lag);
          const evaluatesNext =
            evaluation !== undefined && (choices.next().value || iterations.length === 0);
          if (evaluatesNext) evaluated.add(evaluation);
          else applied += 1;
        }
        expect.unreachable('the run did not end');
      }),
    );
  });
});
