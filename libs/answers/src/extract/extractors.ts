import type { RefusalReason } from '../algebra/budget.ts';
import { readAnswer } from '../canonical-answer.ts';
import { extractAfterArrow } from './after-arrow.ts';
import { extractBoxed } from './boxed.ts';
import { extractFirstName } from './first-name.ts';

/** Finds the answer in a response; null when it has none. Linear in the length of the response. */
export type Extractor = (response: string) => string | null;

/** Every extractor by its name in a configuration (`answer.extractor`). */
export const extractors = {
  boxed: extractBoxed,
  'after-arrow': extractAfterArrow,
  'first-name': extractFirstName,
} as const satisfies Readonly<Record<string, Extractor>>;

export type ExtractorName = keyof typeof extractors;

/**
 * The canonical form of a response's answer, or null when it has none: what votes and what is scored.
 *
 * Two responses agree exactly when these strings are equal.
 *
 * @param onRefusal told of an answer that is compared as it stands, and why
 */
export function answerOf(
  response: string,
  extractor: ExtractorName,
  onRefusal?: (reason: RefusalReason) => void,
): string | null {
  const extracted = extractors[extractor](response);
  if (extracted === null) return null;
  const { canonical, refusal } = readAnswer(extracted);
  if (refusal !== null) onRefusal?.(refusal);
  return canonical === '' ? null : canonical;
}
