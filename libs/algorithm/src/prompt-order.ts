import { MgrpoError } from '@mgrpo/errors';
import { type RandomKey, randomBelow, streamKey } from './random.ts';

/** A uniformly random permutation of 0 … length - 1, a function of the key (Fisher and Yates). */
export function permutation(key: RandomKey, length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = randomBelow(key, last, last + 1);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}

/** Which of its rephrasings a question is asked with, the `question`-th of the iteration: any, equally likely. */
export function rephrasingOf(request: {
  seed: number;
  iteration: number;
  question: number;
  numRephrasings: number;
}): number {
  const { seed, iteration, question, numRephrasings } = request;
  const key = streamKey({ seed, purpose: 'rephrasing', iteration, prompt: question });
  return randomBelow(key, 0, numRephrasings);
}

/**
 * The prompts of one iteration, as indices into the prompts file: a function of seed and iteration.
 *
 * Every epoch visits every prompt once, in an order of its own; an iteration may reach from one epoch
 * into the next. Costs O(numPrompts): one permutation for each epoch it touches.
 *
 * @example promptsOfIteration({ seed: 1, iteration: 0, promptsPerIteration: 8, numPrompts: 7500 }) // -> 8 indices
 */
export function promptsOfIteration(request: {
  seed: number;
  iteration: number;
  promptsPerIteration: number;
  numPrompts: number;
}): number[] {
  const { seed, iteration, promptsPerIteration, numPrompts } = request;
  if (numPrompts < 1) {
    throw new MgrpoError(
      'INVALID_INPUT',
      'there are no prompts to train on; add some to the prompts file',
    );
  }
  const first = iteration * promptsPerIteration;
  const prompts: number[] = [];
  let epoch = -1;
  let order: Uint32Array = new Uint32Array();
  for (let position = first; position < first + promptsPerIteration; position++) {
    const wanted = Math.floor(position / numPrompts);
    if (wanted !== epoch) {
      epoch = wanted;
      order = permutation(
        streamKey({ seed, purpose: 'prompt-order', iteration: epoch }),
        numPrompts,
      );
    }
    prompts.push(order[position - epoch * numPrompts]!);
  }
  return prompts;
}
