/** A share in percent with one digit: `0.984` is `98.4`. */
export const percent = (share: number): string => (share * 100).toFixed(1);

/** A difference of shares in points, with its sign: `-0.8` is `−80.0`. */
export function points(difference: number): string {
  const text = Math.abs(difference * 100).toFixed(1);
  if (Number(text) === 0) return '0.0';
  return `${difference < 0 ? '−' : '+'}${text}`;
}

/** A number that need not be a share, such as a reward: three digits. */
export const plain = (value: number): string => value.toPrecision(3);
