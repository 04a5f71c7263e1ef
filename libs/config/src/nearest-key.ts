/**
 * The candidate that a mistyped key most likely meant, or null when none is near.
 *
 * @example nearestKey('groupsize', ['groupSize', 'method']) // -> 'groupSize'
 */
export function nearestKey(typed: string, candidates: readonly string[]): string | null {
  if (typed.length > longestKey) return null;
  let nearest: string | null = null;
  // Two letters of five wrong is still the same word; more is another one.
  let best = Math.max(2, Math.floor(typed.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(typed.toLowerCase(), candidate.toLowerCase());
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

// Of a key that somebody meant: the distance costs the product of the lengths.
const longestKey = 100;

/** Insertions, deletions and replacements between two words (Wagner and Fischer, one row kept). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
