import { MgrpoError } from '@mgrpo/errors';
import type { QuestionText } from './columns.ts';

/** How questions become token ids. */
export interface PromptTokenOptions {
  /** The longest prompt, in tokens. */
  readonly maxPromptTokens: number;
  /** What happens to a longer one: it is left out, or loses its last tokens. */
  readonly tooLong: 'reject' | 'truncate';
  /** The token ids of questions, in their order, with all that stands around them. */
  readonly encode: (questions: readonly QuestionText[]) => Promise<readonly Int32Array[]>;
}

/** Prompts as a model reads them, and how many were too long. */
export interface TokenizedPrompts<Prompt> {
  readonly prompts: readonly (Prompt & { readonly tokens: Int32Array })[];
  readonly numTruncated: number;
  readonly numRejected: number;
}

/**
 * Encodes questions and applies the length limit, in the order given.
 *
 * A truncated prompt keeps its first tokens, and with them the start token. INVALID_INPUT when none is left.
 */
export async function tokenizePrompts<Prompt extends QuestionText>(
  prompts: readonly Prompt[],
  { maxPromptTokens, tooLong, encode }: PromptTokenOptions,
): Promise<TokenizedPrompts<Prompt>> {
  const encoded = await encode(prompts);
  const kept: (Prompt & { readonly tokens: Int32Array })[] = [];
  let numTruncated = 0;
  let numRejected = 0;
  for (const [i, prompt] of prompts.entries()) {
    const tokens = encoded[i]!;
    if (tokens.length <= maxPromptTokens) {
      kept.push({ ...prompt, tokens });
    } else if (tooLong === 'truncate') {
      numTruncated += 1;
      kept.push({ ...prompt, tokens: tokens.slice(0, maxPromptTokens) });
    } else {
      numRejected += 1;
    }
  }
  if (kept.length > 0) return { prompts: kept, numTruncated, numRejected };
  const what = `all ${numRejected} prompts are longer than ${maxPromptTokens} tokens`;
  const remedy = 'raise prompts.maxPromptTokens or set prompts.tooLong to truncate';
  throw new MgrpoError('INVALID_INPUT', `${what}; ${remedy}`);
}
