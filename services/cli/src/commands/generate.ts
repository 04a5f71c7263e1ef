import { openModel } from '../model.ts';

export interface GenerateFlags {
  readonly model: string;
  readonly prompt: string;
  readonly samples: number;
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Prints responses to one prompt. */
export async function generate(flags: GenerateFlags): Promise<number> {
  const model = await openModel(flags.model, { slots: flags.samples });
  try {
    const rollouts = await model.respond({
      promptTokens: model.tokenizer.encode(flags.prompt),
      prompt: 0,
      seed: flags.seed,
      samples: flags.samples,
      purpose: 'direct',
      sampling: {
        temperature: flags.temperature,
        topP: flags.topP,
        topK: 0,
        maxResponseTokens: flags.maxTokens,
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
