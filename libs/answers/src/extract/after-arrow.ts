/**
 * The text after the last `>`, up to the stop character `$` or the end: the answer of the arithmetic
 * recipe, whose responses are `73162>2$` (running values, then the answer) or `>2$`.
 */
export function extractAfterArrow(text: string): string | null {
  const arrow = text.lastIndexOf('>');
  if (arrow === -1) return null;
  const stop = text.indexOf('$', arrow);
  return text.slice(arrow + 1, stop === -1 ? text.length : stop);
}
