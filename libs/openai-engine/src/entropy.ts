/** What a server says about one position: the logprobs of its most likely tokens and of the one it drew. */
export interface TopLogprobs {
  /** Natural logarithms of the most likely tokens, in any order. */
  readonly top: readonly number[];
  /** Of the drawn token where it is not among them, else null. */
  readonly drawn: number | null;
  /** How many were asked for. */
  readonly asked: number;
  readonly vocabSize: number;
}

/**
 * Entropy from top-k logprobs, in nats: a lower and an upper bound of the whole distribution's.
 *
 * With p the m seen probabilities and r = 1 - sum p what is left for the other V - m tokens:
 *
 *   lower = -sum p ln p - r ln min(q, r),  upper = -sum p ln p - r ln(r / (V - m))
 *
 * An unseen token is no more likely than q, the least of the top k, nor than r: so each nat of its share counts
 * at least -ln min(q, r). The most uncertain way to spread r is evenly. Both are exact when r = 0.
 */
export function entropyBounds({ top, drawn, asked, vocabSize }: TopLogprobs): {
  lower: number;
  upper: number;
} {
  const seen = drawn === null ? top : [...top, drawn];
  let entropy = 0;
  let mass = 0;
  for (const logprob of seen) {
    const probability = Math.exp(logprob);
    mass += probability;
    entropy -= probability * logprob;
  }
  const numUnseen = vocabSize - seen.length;
  const rest = 1 - mass;
  // Below this the rest is rounding of float32 logprobs.
  if (numUnseen <= 0 || rest < 1e-6) return { lower: entropy, upper: entropy };
  // Tokens of one text fall together under one name: with fewer than asked for, the least of them bounds nothing.
  const isWhole = top.length >= asked;
  const largest = isWhole ? Math.min(rest, Math.exp(Math.min(...top))) : rest;
  const upper = entropy - rest * Math.log(rest / numUnseen);
  // Rounding can turn the two around where they meet.
  return { lower: Math.min(upper, entropy - rest * Math.log(largest)), upper };
}
