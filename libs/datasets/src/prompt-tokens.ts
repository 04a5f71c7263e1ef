import { MgrpoError } from '@mgrpo/errors';

/** How questions become token ids. */
export interface PromptTokenOptions {
  /** Text around the question, with `{prompt}` in its place. */
  readonly template: string;
  /** The longest prompt, in tokens. */
  readonly maxPromptTokens: number;
  /** What happens to a longer one: it is left out, or loses its last tokens. */
  readonly tooLong: 'reject' | 'truncate';
  readonly encode: (text: string) => Int32Array;
}

/** Prompts as a model reads them, and how many were too long. */
export interface TokenizedPrompts<Prompt> {
  readonly prompts: readonly (Prompt & { readonly tokens: Int32Array })[];
  readonly numTruncated: number;
  readonly numRejected: number;
}

const slot = '{prompt}';

/** The template with the question in its place; INVALID_CONFIG when it has no place for one, or two. */
export function fillTemplate(template: string, prompt: string): string {
  const parts = template.split(slot);
  if (parts.length !== 2) {
    const what = `prompts.template ${JSON.stringify(template)} must contain ${slot} once`;
    throw new MgrpoError('INVALID_CONFIG', what);
  }
  return `${parts[0]}${prompt}${parts[1]}`;
}

/**
 * Encodes questions in their template and applies the length limit, in the order given.
 *
 * A truncated prompt keeps its first tokens, and with them the start token. INVALID_INPUT when none is left.
 */
export function tokenizePrompts<Prompt extends { readonly prompt: string }>(
  prompts: readonly Prompt[],
  { template, maxPromptTokens, tooLong, encode }: PromptTokenOptions,
): TokenizedPrompts<Prompt> {
  const kept: (Prompt & { readonly tokens: Int32Array })[] = [];
  let numTruncated = 0;
  let numRejected = 0;
  for (const prompt of prompts) {
    const tokens = encode(fillTemplate(template, prompt.prompt));
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
