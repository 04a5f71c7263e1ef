// Words and everything that is neither word nor space: no two alternatives share a character.
const wordOrMark = /\p{L}+|[^\p{L}\s]/gu;
const startsLower = /^\p{Ll}/u;
const looksLikeName = /^\p{Lu}\p{L}/u;

/**
 * The first name in a story: the first capitalised word of two letters or more that follows a
 * lower-case word with nothing but space between, so the first word of a sentence is none.
 *
 * @example extractFirstName('One day a girl named Lily met Tom.') // -> 'Lily'
 */
export function extractFirstName(text: string): string | null {
  let previous = '';
  for (const [word] of text.matchAll(wordOrMark)) {
    if (looksLikeName.test(word) && startsLower.test(previous)) return word;
    previous = word;
  }
  return null;
}
