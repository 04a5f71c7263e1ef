import { expect, test } from 'vitest';
import { headlinePurpose, summarizeArms } from './arm-summary.ts';
import { madeStudy, madeTrial } from './study.fixture.ts';
import { summarizeTrial } from './trial-summary.ts';

const srt = (seed: number, greedy: number[]) =>
  madeTrial({ base: 'sums', arm: 'srt', seed, greedy });
const mgrpo = (seed: number, greedy: number[]) =>
  madeTrial({ base: 'sums', arm: 'mgrpo', seed, greedy, matched: 0.3 });

test('a trial is summed up by its best, its end and its first fall', () => {
  const summary = summarizeTrial(srt(2, [0.3, 0.9, 0.85, 0.9, 0.7, 0.2]));
  expect(summary).toMatchObject({ bestIteration: 10, fallIteration: 40 });
  expect(summary.measures.best).toBe(0.9);
  expect(summary.measures.final).toBe(0.2);
  expect(summary.measures.finalMinusBest).toBeCloseTo(-0.7, 12);
  expect(summary.measures.sampled).toBeCloseTo(0.1, 12);
  expect(summary.measures.passAtK).toBeCloseTo(0.25, 12);
  // The base is right in 0.2 at the temperature, the rescaled policy in 0.5.
  expect(summary.measures.matchedGain).toBeCloseTo(0.3, 12);
  // Iterations 40 to 49: 0.5 + 0.445.
  expect(summary.measures.selfReward).toBeCloseTo(0.945, 12);
});

test('ten points below the best is no fall yet, and the untrained base can be the best', () => {
  expect(summarizeTrial(srt(2, [0.5, 0.4])).fallIteration).toBeNull();
  expect(summarizeTrial(srt(2, [0.5, 0.399])).fallIteration).toBe(10);
  expect(summarizeTrial(srt(2, [0.5, 0.399])).bestIteration).toBe(0);
  // A low start is no fall.
  expect(summarizeTrial(srt(2, [0.5, 0.45, 0.9])).fallIteration).toBeNull();
});

test('arms are summed up over the confirming seeds, the choosing ones apart, and paired by seed', () => {
  const study = madeStudy([
    srt(2, [0.3, 0.9, 0.2]),
    srt(3, [0.3, 0.8, 0.4]),
    srt(4, [0.3, 0.7, 0.7]),
    mgrpo(2, [0.3, 0.9, 0.8]),
    mgrpo(3, [0.3, 0.9, 0.9]),
    mgrpo(4, [0.3, 0.6, 0.6]),
    madeTrial({ base: 'sums', arm: 'srt', seed: 1, greedy: [0.3, 0.1], purpose: 'choose' }),
  ]);
  const of = (arm: string, purpose: string) =>
    summarizeArms(study).find((one) => one.arm === arm && one.purpose === purpose)!;
  expect(of('srt', 'confirm')).toMatchObject({
    seeds: [2, 3, 4],
    spreads: {
      final: { median: 0.4, min: 0.2, max: 0.7 },
      best: { median: 0.8, min: 0.7, max: 0.9 },
    },
    falls: { count: 2, first: { median: 20, min: 20, max: 20 } },
    differences: null,
  });
  expect(of('srt', 'choose')).toMatchObject({ seeds: [1], spreads: { final: { median: 0.1 } } });
  const { final, best, matched } = of('mgrpo', 'confirm').differences!;
  // 0.6, 0.5, -0.1; 0, 0.1, -0.1; -0.2 three times.
  expect(final).toMatchObject({ seeds: [2, 3, 4], numPositive: 2, signTestP: 1 });
  expect(final!.median).toBeCloseTo(0.5, 12);
  expect(final!.min).toBeCloseTo(-0.1, 12);
  expect(best).toMatchObject({ median: 0, numPositive: 1, count: 3 });
  expect(matched).toMatchObject({ numPositive: 0, signTestP: 0.25 });
  expect(of('mgrpo', 'choose')).toMatchObject({
    seeds: [],
    spreads: { final: null },
    falls: { count: 0, first: null },
  });
});

test('a study without confirming seeds is headed by those that chose', () => {
  expect(headlinePurpose(madeStudy([]))).toBe('confirm');
  expect(headlinePurpose(madeStudy([], { seeds: { choose: [1], confirm: [] } }))).toBe('choose');
});
