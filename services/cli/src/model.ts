import { loadModelFolder } from '@mgrpo/checkpoint';
import { GenerationEngine, type GenerationRequest, type Rollout } from '@mgrpo/generation';
import { loadTokenizer, type Tokenizer } from '@mgrpo/tokenizer';

/** What to answer, and how. */
interface Question {
  readonly promptTokens: Int32Array;
  /** Index of the prompt: with the seed it names the random numbers. */
  readonly prompt: number;
  readonly seed: number;
  readonly samples: number;
  readonly purpose: 'eval' | 'direct';
  readonly sampling: Omit<GenerationRequest['sampling'], 'stopTokenIds'>;
}

/** A model folder, ready to generate. */
export interface OpenModel {
  readonly tokenizer: Tokenizer;
  /** Several questions in flight share one batch. Ctrl-C ends them with CANCELLED. */
  respond(question: Question): Promise<Rollout[]>;
  close(): Promise<void>;
}

/** Loads weights and tokenizer of a folder into an engine of this process. */
export async function openModel(
  folder: string,
  { slots }: { readonly slots: number },
): Promise<OpenModel> {
  const [{ config, weights }, tokenizer] = await Promise.all([
    loadModelFolder(folder),
    loadTokenizer(folder),
  ]);
  const engine = await GenerationEngine.start({
    model: config,
    slots,
    device: 'cpu',
    numTokens: Math.min(tokenizer.vocabSize, config.vocabSize),
  });
  await engine.setWeights(0, weights);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  return {
    tokenizer,
    respond: ({ promptTokens, prompt, seed, samples, purpose, sampling }) =>
      engine.generate(
        {
          stream: { seed, purpose, iteration: 0, prompt, role: 'policy' },
          promptTokens,
          firstRollout: 0,
          numRollouts: samples,
          weightVersion: 0,
          sampling: { ...sampling, stopTokenIds: config.eosTokenIds },
        },
        stop.signal,
      ),
    close: async () => {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      await engine.close();
    },
  };
}
