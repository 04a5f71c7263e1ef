import type { RandomKey } from '@mgrpo/algorithm';
import { randomBelow } from '@mgrpo/algorithm';
import {
  arithmeticCharacters,
  type SyntheticProblem,
  type SyntheticTask,
} from './synthetic-task.ts';

/**
 * A number of two digits times one of one digit, plus one of two digits; the work is the product.
 *
 * @example 37*4+58= is 148>206
 */
export const productSum: SyntheticTask = {
  characters: arithmeticCharacters,
  problem: productSumProblem,
  rephrasings: () => [],
};

function productSumProblem(key: RandomKey, first: number): SyntheticProblem {
  const a = 10 + randomBelow(key, first, 90);
  const b = 2 + randomBelow(key, first + 1, 8);
  const c = 10 + randomBelow(key, first + 2, 90);
  return { prompt: `${a}*${b}+${c}=`, working: String(a * b), answer: String(a * b + c) };
}
