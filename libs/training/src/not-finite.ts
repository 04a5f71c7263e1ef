import type { GradientResult, ReferencedSequence } from './gradient-pass.ts';
import type { TokenScores } from './token-scores.ts';

/** A gradient that must not reach the weights. */
export interface NotFinite {
  readonly kind: 'not-finite';
  readonly what: 'loss' | 'gradient';
  /** Indices of the sequences that have a number that is not finite; of all where none has. */
  readonly culprits: readonly number[];
}

/** What is NaN or infinite in a step's loss or gradient, and where it may come from; null when nothing is. */
export function notFinite(
  { loss, scores }: Pick<GradientResult, 'loss' | 'scores'>,
  gradientNorm: number,
  sequences: readonly ReferencedSequence[],
): NotFinite | null {
  const what = !Number.isFinite(loss) ? 'loss' : !Number.isFinite(gradientNorm) ? 'gradient' : null;
  if (what === null) return null;
  const all = sequences.map((_, index) => index);
  const own = all.filter((index) => !hasFiniteNumbers(sequences[index]!, scores[index]!));
  return { kind: 'not-finite', what, culprits: own.length > 0 ? own : all };
}

function hasFiniteNumbers(
  { advantage, behaviourLogprobs, referenceLogprobs }: ReferencedSequence,
  { logprobs, entropies }: TokenScores,
): boolean {
  const arrays = [behaviourLogprobs, referenceLogprobs, logprobs, entropies];
  return Number.isFinite(advantage) && arrays.every((array) => array.every(Number.isFinite));
}
