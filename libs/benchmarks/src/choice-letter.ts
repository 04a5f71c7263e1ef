import { extractors } from '@mgrpo/answers';

/** The letters of choices, in order: MMLU-Pro has up to ten. */
export const choiceLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

const lettersOnly = /^\(?\s*([A-Z])\s*\)?(?:\s*[.:)].*)?$/s;
const phrase = /\banswer\s*(?:is|:)\s*\**\(?([A-Z])\)?(?![A-Za-z])/gi;

/**
 * The letter that a response chooses; null when it chooses none, or one that the problem does not have.
 *
 * The last `\boxed{}` counts: `C`, `(C)`, `\text{C}`, `C. the text`. Without a box, the last "answer is (C)".
 *
 * @example choiceLetter('so the answer is \\boxed{\\text{(C)}}', 4) // -> 'C'
 */
export function choiceLetter(response: string, numChoices: number): string | null {
  const boxed = extractors.boxed(response);
  const letter = boxed === null ? lastPhrase(response) : letterIn(boxed);
  if (letter === null) return null;
  const index = choiceLetters.indexOf(letter);
  return index >= 0 && index < numChoices ? letter : null;
}

function letterIn(boxed: string): string | null {
  const plain = boxed
    .replace(/\\(?:text|textbf|mathrm|mathbf|mbox|rm|bf)\b\s*/g, '')
    .replace(/[{}$\\*]/g, '')
    .trim();
  return lettersOnly.exec(plain)?.[1] ?? null;
}

function lastPhrase(response: string): string | null {
  const last = [...response.matchAll(phrase)].at(-1)?.[1];
  // Upper case only: in "the answer is a number" the article is no choice.
  return last !== undefined && last === last.toUpperCase() ? last : null;
}
