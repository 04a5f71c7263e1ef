import { MgrpoError } from '@mgrpo/errors';

/**
 * The self-certainty of one response: the mean over its tokens (Intuitor's `masked_mean`).
 *
 * That of a token is `KL(U || p) = logsumexp(z) - mean(z) - log V`, in nats: how far the distribution it was
 * drawn from is from uniform, over the whole vocabulary, at the sampling temperature, before any cut.
 *
 * @param perToken at least one
 */
export function selfCertainty(perToken: Float32Array | readonly number[]): number {
  if (perToken.length === 0) {
    throw new MgrpoError('INVALID_INPUT', 'a response without tokens has no self-certainty');
  }
  let sum = 0;
  for (const value of perToken) sum += value;
  return sum / perToken.length;
}
