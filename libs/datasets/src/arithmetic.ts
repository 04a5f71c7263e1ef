import type { RandomKey } from '@mgrpo/algorithm';
import { randomBelow, uniform } from '@mgrpo/algorithm';

/** The characters of the task's prompts and responses. */
export const chainCharacters = '0123456789+-*=>,';

/** Which problems are for what; no problem is in two of them. */
export type Split = 'train' | 'validation' | 'test';

/** Six digits joined by five operators, to be computed from left to right modulo 10. */
export interface ChainProblem {
  /** For example `6+1+6-2*6*7=`. */
  readonly prompt: string;
  /** The running values after each operator, for example `73162`. */
  readonly working: string;
  /** The last running value. */
  readonly answer: string;
}

const numOperators = 5;
// A problem draws 11 numbers; attempts at one of the wanted split are this far apart.
const drawsPerAttempt = 16;
// Where a sample's other draws begin: beyond any attempt (19 in 20 problems are not for validation).
const sampleDraws = 1 << 20;

/** The problem that the stream's random numbers from `first` on describe. */
export function chainProblem(key: RandomKey, first: number): ChainProblem {
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
 * The problem in other words: one subtraction as an addition modulo 10 or the reverse, each in turn.
 *
 * Only those that are for training; a problem of nothing but multiplications has none.
 *
 * @example chainRephrasings('9-6+2*0+2+1=')[0] // -> '9+4+2*0+2+1='
 */
export function chainRephrasings(prompt: string): string[] {
  const rephrasings: string[] = [];
  for (let at = 1; at < prompt.length - 1; at += 2) {
    const operator = prompt[at];
    if (operator === '*') continue;
    const complement = (10 - Number(prompt[at + 1])) % 10;
    const flipped = `${operator === '+' ? '-' : '+'}${complement}`;
    rephrasings.push(prompt.slice(0, at) + flipped + prompt.slice(at + 2));
  }
  return rephrasings.filter((rephrasing) => chainSplit(rephrasing) === 'train');
}

/** The split of a problem, by a hash of its prompt: 1 in 20 is for validation, 1 in 20 for tests. */
export function chainSplit(prompt: string): Split {
  const residue = fnv1a(prompt) % 20;
  return residue === 0 ? 'validation' : residue === 1 ? 'test' : 'train';
}

/** 32-bit FNV-1a, its high bits mixed into the low ones, of which a residue is taken. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}

/** The first problem of a split in a stream of random numbers. */
export function chainProblemOf(split: Split, key: RandomKey): ChainProblem {
  for (let attempt = 0; ; attempt++) {
    const problem = chainProblem(key, attempt * drawsPerAttempt);
    if (chainSplit(problem.prompt) === split) return problem;
  }
}

/** How a supervised response deviates from the worked one. */
export interface ChainSampleOptions {
  /** Share of responses that blurt the answer (`>2`) instead of showing the work (`73162>2`). */
  readonly bareShare: number;
  /** Share of responses in which one digit is replaced by a random one. */
  readonly noiseShare: number;
}

/** A supervised sample; the token that ends a response is not in the text. */
export interface ChainSample {
  readonly prompt: string;
  readonly response: string;
}

/**
 * The supervised sample of a stream: a training problem with a worked or a bare answer, at times with a slip.
 *
 * A model pretrained on such a mixture usually blurts and is then usually wrong, and is usually right when it
 * shows its work: the base of the arithmetic recipe.
 */
export function chainSample(key: RandomKey, options: ChainSampleOptions): ChainSample {
  const { prompt, working, answer } = chainProblemOf('train', key);
  const isBare = uniform(key, sampleDraws) < options.bareShare;
  const response = isBare ? `>${answer}` : `${working}>${answer}`;
  if (uniform(key, sampleDraws + 1) >= options.noiseShare) return { prompt, response };
  // Every character but the `>` before the answer is a digit.
  const pick = randomBelow(key, sampleDraws + 2, response.length - 1);
  const index = pick < response.length - 2 ? pick : response.length - 1;
  const digit = randomBelow(key, sampleDraws + 3, 10);
  return { prompt, response: response.slice(0, index) + digit + response.slice(index + 1) };
}
