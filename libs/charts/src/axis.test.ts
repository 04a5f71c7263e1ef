import { expect, test } from 'vitest';
import { linearAxis, logAxis, scale, tickText } from './axis.ts';

test('ticks are 1, 2 or 5 times a power of ten apart', () => {
  expect(linearAxis([0.2, 0.9], [0, 1]).ticks.map(tickText)).toEqual([
    '0',
    '0.2',
    '0.4',
    '0.6',
    '0.8',
    '1',
  ]);
  expect(linearAxis([0, 300], [0, null]).ticks).toEqual([0, 100, 200, 300]);
  expect(linearAxis([-3, 4], [null, null]).ticks).toEqual([-2, 0, 2, 4]);
});

test('values that are all the same still have an axis', () => {
  expect(linearAxis([5], [null, null])).toMatchObject({ low: 5, high: 6 });
  expect(logAxis([8])).toMatchObject({ low: 8, high: 16, ticks: [8] });
});

test('on a logarithmic axis equal factors are equally far apart', () => {
  const to = scale(logAxis([64, 8, 512, 64]), 0, 100);
  expect([8, 64, 512].map(to)).toEqual([0, expect.closeTo(50, 9), 100]);
});
