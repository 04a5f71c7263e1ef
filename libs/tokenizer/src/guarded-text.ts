import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { MgrpoError } from '@mgrpo/errors';

// Noncharacters, which Unicode sets aside for use inside a program: no text of a user holds one.
const guard = '\u{FDD0}';
const quote = '\u{FDD1}';

type Json = Readonly<Record<string, unknown>>;

interface AddedToken {
  readonly content: string;
  readonly special?: boolean;
}

/**
 * Keeps a user's text from speaking in special tokens: `<|im_end|>` in a question is letters and signs,
 * not the end of the question.
 *
 * `guard` marks the special tokens in such a text. It then goes into a template, and `encode` takes the
 * template's own special tokens as tokens and the marked ones as text. (Transformers' `split_special_tokens`
 * does it for a whole text.) Added tokens that are not special, such as `<think>`, are read wherever they are.
 */
export class GuardedText {
  readonly #pattern: RegExp | null;
  /** What a special token may begin or end with, itself apart. */
  readonly #beginnings = new Set<string>();
  readonly #endings = new Set<string>();
  readonly #specials: readonly string[];
  readonly #tokenizerJson: Json;
  readonly #configJson: Json;
  #quoting: HuggingFaceTokenizer | null = null;

  constructor(tokenizerJson: Json, configJson: Json) {
    this.#tokenizerJson = tokenizerJson;
    this.#configJson = configJson;
    this.#specials = addedTokens(tokenizerJson)
      .filter(({ special, content }) => special === true && [...content].length > 1)
      .map(({ content }) => content)
      .sort((a, b) => b.length - a.length);
    const alternatives = this.#specials.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    for (const special of this.#specials) {
      for (let i = 1; i < special.length; i++) {
        this.#beginnings.add(special.slice(0, i));
        this.#endings.add(special.slice(i));
      }
    }
    this.#pattern = alternatives.length === 0 ? null : new RegExp(alternatives.join('|'), 'gu');
  }

  /** The special tokens in a text, each once. */
  specialsIn(text: string): string[] {
    return this.#pattern === null ? [] : [...new Set(text.match(this.#pattern))];
  }

  /** The text with its special tokens marked. @throws MgrpoError INVALID_INPUT for a noncharacter in it */
  guard(text: string): string {
    const foreign = [guard, quote].find((character) => text.includes(character));
    if (foreign !== undefined) {
      const code = foreign.codePointAt(0)!.toString(16).toUpperCase();
      throw new MgrpoError('INVALID_INPUT', `a prompt holds the noncharacter U+${code}; remove it`);
    }
    let guarded = text;
    // Once more, while what a mark breaks overlaps another special token.
    while (this.specialsIn(guarded).length > 0) {
      guarded = guarded.replace(this.#pattern!, (token) => {
        const [first = ''] = token;
        return `${first}${guard}${token.slice(first.length)}`;
      });
    }
    // What a template says right before or after a text could complete a token of which the text has a part.
    // The marks stand inside the white space around it, which templates trim.
    const core = guarded.trim();
    if (!this.#isPartAtEdge(core)) return guarded;
    const start = guarded.indexOf(core);
    const end = start + core.length;
    return `${guarded.slice(0, start)}${guard}${core}${guard}${guarded.slice(end)}`;
  }

  #isPartAtEdge(text: string): boolean {
    const longest = Math.min(this.#specials[0]?.length ?? 0, text.length);
    for (let length = 1; length <= longest; length++) {
      if (this.#beginnings.has(text.slice(-length))) return true;
      if (this.#endings.has(text.slice(0, length))) return true;
    }
    return false;
  }

  /** The token ids of a text with marks in it, or null where it has none. */
  encode(text: string, options: { readonly add_special_tokens: boolean }): number[] | null {
    if (!text.includes(guard)) return null;
    // The template's own special tokens take a form that no text has; what was marked is then text.
    const quoted = text.replace(this.#pattern!, (token) => this.#quoted(token));
    this.#quoting ??= this.#quotingTokenizer();
    return this.#quoting.encode(quoted.replaceAll(guard, ''), options).ids;
  }

  #quoted(token: string): string {
    return `${quote}${this.#specials.indexOf(token)}${quote}`;
  }

  /** A tokenizer that knows special tokens in their quoted form only. */
  #quotingTokenizer(): HuggingFaceTokenizer {
    const rename = (node: unknown): unknown => {
      if (typeof node === 'string')
        return this.#specials.includes(node) ? this.#quoted(node) : node;
      if (Array.isArray(node)) return node.map(rename);
      if (typeof node !== 'object' || node === null) return node;
      return Object.fromEntries(
        Object.entries(node).map(([key, value]) => [rename(key), rename(value)]),
      );
    };
    const { added_tokens, post_processor } = this.#tokenizerJson;
    return new HuggingFaceTokenizer(
      {
        ...this.#tokenizerJson,
        added_tokens: rename(added_tokens),
        post_processor: rename(post_processor),
      },
      this.#configJson,
    );
  }
}

/** The tokens that stand beside the vocabulary. */
export function addedTokens(tokenizerJson: Json): readonly AddedToken[] {
  const { added_tokens: tokens } = tokenizerJson;
  return Array.isArray(tokens) ? (tokens as readonly AddedToken[]) : [];
}
