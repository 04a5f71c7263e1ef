import { MgrpoError } from '@mgrpo/errors';
import type { DeviceSetting } from '@mgrpo/runtime';
import { openPromptEncoder } from '@mgrpo/tokenizer';
import { type OpenModel, openModel } from '../model.ts';

export interface GenerateFlags {
  readonly model: string;
  readonly prompt: string;
  readonly chat?: boolean;
  readonly system?: string;
  readonly samples: number;
  readonly temperature: number;
  readonly topP: number;
  /** Default: 256, less where the model's positions end. */
  readonly maxTokens?: number;
  readonly seed: number;
  readonly device: DeviceSetting;
  readonly json?: boolean;
}

/** The longest response unless told (tokens). */
const defaultMaxTokens = 256;

/** Prints responses to one prompt. */
export async function generate(flags: GenerateFlags): Promise<number> {
  if (flags.system !== undefined && flags.chat !== true) {
    throw new MgrpoError('USAGE', '--system is the first message of a chat; give --chat too');
  }
  const model = await openModel(flags.model, {
    slots: flags.samples,
    device: flags.device,
  });
  try {
    const tokens = await promptTokens(model, flags);
    const room = Math.max(1, model.maxTokens - tokens.length);
    const rollouts = await model.respond({
      promptTokens: tokens,
      prompt: 0,
      seed: flags.seed,
      samples: flags.samples,
      purpose: 'direct',
      sampling: {
        temperature: flags.temperature,
        topP: flags.topP,
        topK: 0,
        maxResponseTokens: flags.maxTokens ?? Math.min(defaultMaxTokens, room),
      },
    });
    for (const { tokens, finishReason } of rollouts) {
      const text = model.tokenizer.decode(tokens, { skipSpecial: true });
      const json = { text, tokens: [...tokens], finishReason };
      process.stdout.write(`${flags.json ? JSON.stringify(json) : text}\n`);
    }
    return 0;
  } finally {
    await model.close();
  }
}

/** As it was typed, markers included; in a chat it is a message, and the model's template writes the markers. */
async function promptTokens({ tokenizer }: OpenModel, flags: GenerateFlags): Promise<Int32Array> {
  if (flags.chat !== true) return tokenizer.encode(flags.prompt);
  const encode = await openPromptEncoder(flags.model, tokenizer, {
    format: 'chat',
    template: '{prompt}',
    systemPrompt: flags.system ?? null,
    templateVariables: {},
  });
  const [tokens] = await encode([{ prompt: flags.prompt }]);
  return tokens!;
}
