import { MgrpoError } from '@mgrpo/errors';

/**
 * The quantile of ascending values by linear interpolation (type 7 of Hyndman and Fan), to the bit
 * what `numpy.percentile` gives: the interpolation starts from the nearer neighbour.
 *
 * @param ascending at least one value, sorted
 * @param share from 0 (the minimum) to 1 (the maximum)
 * @example quantile([0, 1, 2, 3], 0.25) // -> 0.75
 */
export function quantile(ascending: Float64Array, share: number): number {
  if (ascending.length === 0) {
    throw new MgrpoError('INVALID_INPUT', 'no values: a quantile needs at least one');
  }
  const position = (ascending.length - 1) * share;
  const below = Math.floor(position);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  const weight = position - below;
  const difference = high - low;
  return weight < 0.5 ? low + difference * weight : high - difference * (1 - weight);
}
