import { MgrpoError } from '@mgrpo/errors';
import type { Role } from './group.ts';
import { philox4x32, type Words4 } from './philox.ts';

/** What random numbers are drawn for; each purpose has numbers of its own. The codes are part of a run's identity. */
const purposeCodes = {
  train: 1, // sampling the rollouts of training
  eval: 2, // sampling the answers of an evaluation
  direct: 3, // sampling for someone who asks a rollout service directly
  'prompt-order': 4,
  'initial-weights': 5,
  pretraining: 6, // problems, noise and order of supervised pretraining
  rephrasing: 7, // which rephrasing a question is asked with
  adapter: 8, // the matrices A of a new adapter
} as const;

export type RandomPurpose = keyof typeof purposeCodes;

const roleCodes: Readonly<Record<Role, number>> = { policy: 0, momentum: 1 };

/** The rollouts of one prompt by one role: what a generation request names. */
export interface RolloutStream {
  /** The run's seed: an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  readonly purpose: 'train' | 'eval' | 'direct';
  readonly iteration: number;
  /** Position among the iteration's prompts (in an evaluation: among its prompts). */
  readonly prompt: number;
  readonly role: Role;
}

/** What a stream of random numbers is for; the parts left out are 0. */
export interface StreamName {
  readonly seed: number;
  readonly purpose: RandomPurpose;
  readonly role?: Role;
  readonly iteration?: number;
  readonly prompt?: number;
  readonly rollout?: number;
}

/** Names one stream of random numbers. */
export type RandomKey = Words4;

function word(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new MgrpoError(
      'INTERNAL',
      `random key: ${name} must be an integer below 2^32, got ${value}`,
    );
  }
  return value;
}

/**
 * The key of a stream of random numbers: a pure function of its name.
 *
 * Philox is a bijection of its counter, so two names under one seed never share a key.
 * No generator of the project has state (design: the determinism contract), so what a rollout samples
 * depends on its name alone, never on its batch, its worker or what was drawn before.
 */
export function streamKey(name: StreamName): RandomKey {
  const { seed, purpose, role = 'policy', iteration = 0, prompt = 0, rollout = 0 } = name;
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `seed must be an integer from 0 to 2^53 - 1, got ${seed}`,
    );
  }
  const kind = purposeCodes[purpose] * 256 + roleCodes[role];
  const counter: Words4 = [
    word('iteration', iteration),
    word('prompt', prompt),
    word('rollout', rollout),
    kind,
  ];
  return philox4x32(counter, seed % 0x100000000, Math.floor(seed / 0x100000000));
}

/** The key of one rollout: its random number at response position p is `uniform(key, p)`. */
export function rolloutKey(stream: RolloutStream, rollout: number): RandomKey {
  return streamKey({ ...stream, rollout });
}

/** The four random words of a stream at `counter` (an integer below 2^32). */
function block(key: RandomKey, counter: number): Words4 {
  return philox4x32([counter >>> 0, 0, key[2], key[3]], key[0], key[1]);
}

/**
 * A uniform random number in [0, 1), a multiple of 2^-24: exact in float32, and never 1.0.
 *
 * @param counter which number of the stream, below 2^32; for a rollout, the response position
 */
export function uniform(key: RandomKey, counter: number): number {
  return (block(key, counter)[0] >>> 8) / 0x1000000;
}

/** A uniform random integer in [0, bound), of 53 random bits: the bias is below bound / 2^53. */
export function randomBelow(key: RandomKey, counter: number, bound: number): number {
  const [high, low] = block(key, counter);
  return Math.floor((((high >>> 5) * 0x4000000 + (low >>> 6)) / 2 ** 53) * bound);
}

/**
 * A standard normal random number by the Box-Muller transform, at most 6.8 in absolute value.
 *
 * Math.log and Math.cos are not specified to the bit: results are the same for one version of Node.
 */
export function normal(key: RandomKey, counter: number): number {
  const [radius, angle] = block(key, counter);
  const length = Math.sqrt(-2 * Math.log((radius + 0.5) / 0x100000000));
  return length * Math.cos((2 * Math.PI * angle) / 0x100000000);
}
