import { Budget, BudgetSpent, type RefusalReason } from './algebra/budget.ts';
import { answerForm } from './form/answer-form.ts';
import { PartForms } from './form/part-forms.ts';
import { cleanText } from './latex/clean-text.ts';
import { latexTokens } from './latex/latex-tokens.ts';

/** A longer answer is compared as it stands (characters). */
const maxLength = 2000;

/** The steps that reading an answer may take: some milliseconds; a hundred times what benchmarks need. */
const maxSteps = 20_000;

/** An answer in canonical form, and why it is only compared as it stands where it is. */
export interface AnswerReading {
  readonly canonical: string;
  readonly refusal: RefusalReason | null;
}

type Form =
  | { readonly kind: 'form'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

function formOf(text: string): Form {
  if (text.length > maxLength) return { kind: 'refused', reason: 'too-long' };
  const cleaned = cleanText(text);
  if (cleaned.length > maxLength) return { kind: 'refused', reason: 'too-long' };
  try {
    const form = answerForm(latexTokens(cleaned), new PartForms(new Budget(maxSteps)));
    if (form === null) return { kind: 'refused', reason: 'brackets' };
    if (form.length > maxLength) return { kind: 'refused', reason: 'too-long' };
    return { kind: 'form', text: form.trim() };
  } catch (error) {
    if (error instanceof BudgetSpent) return { kind: 'refused', reason: 'too-much-work' };
    throw error;
  }
}

// Most answers of a run are small integers; nothing else has their form.
const shortInteger = /^-?(?:0|[1-9]\d{0,15})$/;

// A number in lowest terms is its own form.
const plainNumber = /^-?\d+(?:\/\d+)?$/;

/**
 * Reads an answer. Its canonical form is the same when it is read again: a form for which that does not
 * hold is refused, so that the relation is idempotent by construction. What is refused (and counted) is
 * compared as it stands.
 */
export function readAnswer(text: string): AnswerReading {
  const trimmed = text.trim();
  if (shortInteger.test(trimmed)) {
    return { canonical: trimmed === '-0' ? '0' : trimmed, refusal: null };
  }
  const form = formOf(trimmed);
  if (form.kind === 'refused') return { canonical: trimmed, refusal: form.reason };
  if (form.text !== trimmed && !plainNumber.test(form.text)) {
    const again = formOf(form.text);
    if (again.kind === 'refused' || again.text !== form.text) {
      return { canonical: trimmed, refusal: 'unstable' };
    }
  }
  return { canonical: form.text, refusal: null };
}

/**
 * The canonical form of an answer. Two answers are equal exactly when their forms are, so equality is an
 * equivalence relation by construction; it decides votes and scores alike. docs/algorithm.md lists what
 * is merged and what is not.
 *
 * @example canonicalAnswer('$x = \\dfrac{10}{4}$') // -> '5/2'
 */
export function canonicalAnswer(text: string): string {
  return readAnswer(text).canonical;
}
