import { MgrpoError } from '@mgrpo/errors';
import { type ChatTemplate, loadChatTemplate } from './chat-template.ts';
import { renderChats } from './render-chats.ts';
import type { Tokenizer } from './tokenizer.ts';

/** How a question becomes what a model reads. */
export interface PromptFormat {
  /** `plain`: the template's text is all; `chat`: it is the user's message, written by the model's chat template. */
  readonly format: 'plain' | 'chat';
  /** Text around the question, with `{prompt}` in its place. */
  readonly template: string;
  /** The system message of a chat whose question brings none; null for none. */
  readonly systemPrompt: string | null;
  /** Variables that a chat template asks for, such as Qwen3's `enable_thinking`. */
  readonly templateVariables: Readonly<Record<string, unknown>>;
}

/** A question: as one text, and of data that is a chat with a system message its two parts. */
interface AskedText {
  readonly prompt: string;
  readonly chat?: { readonly system: string; readonly user: string };
}

/** The token ids of questions, in their order. */
export type PromptEncoder = (questions: readonly AskedText[]) => Promise<Int32Array[]>;

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
 * Prepares the encoding of questions for the model of a folder.
 *
 * A special token in a question is text: only the template speaks in special tokens. A plain prompt gets those
 * that the tokenizer puts around a text (Llama's `<s>`); a chat has those that its template writes.
 *
 * @throws MgrpoError INVALID_MODEL without a chat template, INVALID_CONFIG where the recipe writes markers that
 *   the chat template writes too. Encoding throws INVALID_MODEL naming the line of a template that fails.
 */
export async function openPromptEncoder(
  folder: string,
  tokenizer: Tokenizer,
  format: PromptFormat,
): Promise<PromptEncoder> {
  const { template } = format;
  const guardedText = (question: string) => fillTemplate(template, tokenizer.guard(question));
  if (format.format === 'plain') {
    return async (questions) =>
      questions.map(({ prompt }) =>
        tokenizer.encodeGuarded(guardedText(prompt), { addsSpecial: true }),
      );
  }
  refuseMarkers('prompts.template', template, tokenizer);
  refuseMarkers('prompts.systemPrompt', format.systemPrompt ?? '', tokenizer);
  const chatTemplate = await loadChatTemplate(folder);
  return async (questions) => {
    const chats = questions.map(({ prompt, chat }) =>
      chatVariables(chatTemplate, format, {
        system: chat === undefined ? format.systemPrompt : tokenizer.guard(chat.system),
        user: guardedText(chat?.user ?? prompt),
      }),
    );
    const texts = await renderChats(chatTemplate, chats);
    return texts.map((text) => tokenizer.encodeGuarded(text, { addsSpecial: false }));
  };
}

/** What transformers' `apply_chat_template` gives a template, generation prompt included. */
function chatVariables(
  { tokens }: ChatTemplate,
  { templateVariables }: PromptFormat,
  { system, user }: { readonly system: string | null; readonly user: string },
): object {
  const first = system === null ? [] : [{ role: 'system', content: system }];
  return {
    ...tokens,
    tools: null,
    documents: null,
    ...templateVariables,
    messages: [...first, { role: 'user', content: user }],
    add_generation_prompt: true,
  };
}

function refuseMarkers(key: string, text: string, tokenizer: Tokenizer): void {
  const [special] = tokenizer.specialsIn(text);
  if (special === undefined) return;
  throw new MgrpoError(
    'INVALID_CONFIG',
    `${key} holds ${JSON.stringify(special)}, but with prompts.format chat the model's chat template ` +
      'writes the markers; take them out, or set prompts.format to plain',
  );
}
