import type { RandomKey } from '@mgrpo/algorithm';
import { randomBelow } from '@mgrpo/algorithm';
import {
  arithmeticCharacters,
  type SyntheticProblem,
  type SyntheticTask,
} from './synthetic-task.ts';

/**
 * Six digits joined by five operators, to be computed from left to right modulo 10; the work is the running values.
 *
 * @example 6+1+6-2*6*7= is 73162>2
 */
export const chainArithmetic: SyntheticTask = {
  characters: arithmeticCharacters,
  problem: chainProblem,
  rephrasings: chainRephrasings,
};

const numOperators = 5;

function chainProblem(key: RandomKey, first: number): SyntheticProblem {
  let value = randomBelow(key, first, 10);
  let prompt = String(value);
  let working = '';
  for (let i = 0; i < numOperators; i++) {
    const operator = '+-*'[randomBelow(key, first + 1 + 2 * i, 3)]!;
    const digit = randomBelow(key, first + 2 + 2 * i, 10);
    value = applyOperator(operator, value, digit);
    prompt += operator + digit;
    working += value;
  }
  return { prompt: `${prompt}=`, working, answer: String(value) };
}

function applyOperator(operator: string, a: number, b: number): number {
  const result = operator === '+' ? a + b : operator === '-' ? a - b : a * b;
  return ((result % 10) + 10) % 10;
}

/**
 * One subtraction as an addition modulo 10 or the reverse, each in turn; a problem of nothing but
 * multiplications has none.
 *
 * @example chainRephrasings('9-6+2*0+2+1=')[0] // -> '9+4+2*0+2+1='
 */
function chainRephrasings(prompt: string): string[] {
  const rephrasings: string[] = [];
  for (let at = 1; at < prompt.length - 1; at += 2) {
    const operator = prompt[at];
    if (operator === '*') continue;
    const complement = (10 - Number(prompt[at + 1])) % 10;
    const flipped = `${operator === '+' ? '-' : '+'}${complement}`;
    rephrasings.push(prompt.slice(0, at) + flipped + prompt.slice(at + 2));
  }
  return rephrasings;
}
