/** An accuracy as a paper prints it: `units / 10^digits`, so `79.75%` is 7975 / 10^4. */
export interface PrintedAccuracy {
  readonly units: number;
  readonly digits: number;
}

/** Reads `79.75%`, `0.7515` or `.00833`. */
export function parseAccuracy(text: string): PrintedAccuracy {
  const match = /^(\d*)\.(\d+)(%?)$/.exec(text);
  if (!match) throw new Error(`"${text}" is not an accuracy; write it as 0.7515 or 75.15%`);
  const [, whole = '', decimals = '', percent = ''] = match;
  return { units: Number(whole + decimals), digits: decimals.length + (percent ? 2 : 0) };
}

/**
 * The numbers of right answers, of `total`, whose share prints as `text`.
 *
 * A share may be off by less than one unit of the last digit, so it does not matter whether the authors rounded to the
 * nearest, down or up: what has no count here can't be such a share. Exact in integers.
 *
 * @example rightCounts('0.7515', 500) // -> []: 375 are 0.750, 376 are 0.752
 */
export function rightCounts(text: string, total: number): number[] {
  const { units, digits } = parseAccuracy(text);
  const scale = 10 ** digits;
  const middle = Math.floor((units * total) / scale);
  const reach = Math.ceil(total / scale);
  return Array.from({ length: 2 * reach + 2 }, (_, step) => middle - reach + step).filter(
    (count) => count >= 0 && count <= total && Math.abs(count * scale - units * total) < total,
  );
}

/** Whether `text` can be the mean accuracy over `problems` with `samples` answers each. */
export function isAttainable(text: string, problems: number, samples: number): boolean {
  return rightCounts(text, problems * samples).length > 0;
}

/** The least samples for each of `problems` at which every text is attainable; null: none up to `limit`. */
export function leastSamples(
  texts: readonly string[],
  problems: number,
  limit = 32,
): number | null {
  for (let samples = 1; samples <= limit; samples++) {
    if (texts.every((text) => isAttainable(text, problems, samples))) return samples;
  }
  return null;
}

/** `a - b` of two accuracies printed to a hundredth of a point, in points. */
export function pointsBetween(a: string, b: string): number {
  return (hundredths(a) - hundredths(b)) / 100;
}

/** The accuracy in hundredths of a point (0.01 %), rounded. */
function hundredths(text: string): number {
  const { units, digits } = parseAccuracy(text);
  return Math.round(units * 10 ** (4 - digits));
}

/** Standard error of a share among `total` independent answers, in points. */
export function standardErrorPoints(text: string, total: number): number {
  const { units, digits } = parseAccuracy(text);
  const share = units / 10 ** digits;
  return 100 * Math.sqrt((share * (1 - share)) / total);
}
