const levels = '▁▂▃▄▅▆▇█';

/**
 * A curve of one character a point; a longer curve is averaged into `width` stretches.
 *
 * The scale runs from the lowest to the highest value, or over `range` where one is given.
 *
 * @example sparkLine([0, 0.5, 1], { width: 10 }) // -> '▁▅█'
 */
export function sparkLine(
  values: readonly number[],
  { width, range }: { readonly width: number; readonly range?: readonly [number, number] },
): string {
  const points = shorten(values, width);
  const low = range?.[0] ?? Math.min(...points);
  const high = range?.[1] ?? Math.max(...points);
  return points
    .map((value) => {
      const height = high > low ? (value - low) / (high - low) : 0.5;
      return levels[Math.round(Math.min(Math.max(height, 0), 1) * (levels.length - 1))];
    })
    .join('');
}

function shorten(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) => {
    const stretch = values.slice(
      Math.floor((i * values.length) / width),
      Math.floor(((i + 1) * values.length) / width),
    );
    return stretch.reduce((sum, value) => sum + value, 0) / stretch.length;
  });
}
