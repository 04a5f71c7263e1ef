import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadModelFolder, runFiles, weightsSha256 } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import {
  GenerationEngine,
  type GenerationRequest,
  type Rollout,
  stopTokenIds,
} from '@mgrpo/generation';
import { largestOfGeneration } from '@mgrpo/model';
import { chooseDevice, type DeviceChoice, type DeviceSetting } from '@mgrpo/runtime';
import { loadTokenizer, type Tokenizer } from '@mgrpo/tokenizer';

/** What to answer, and how. */
export interface Question {
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
  /** Prompt and response together can't be longer (tokens). */
  readonly maxTokens: number;
  readonly weightsSha256: string;
  /** What computes, as `DeviceChoice.identity` says it: other devices round differently. */
  readonly device: string;
  /** Several questions in flight share one batch. Ctrl-C ends them with CANCELLED, `signal` this one. */
  respond(question: Question, signal?: AbortSignal): Promise<Rollout[]>;
  close(): Promise<void>;
}

interface ModelOptions {
  /** Responses that one engine decodes at once. */
  readonly slots: number;
  /** Engines, each with a core and a copy of the weights; responses don't depend on their number. */
  readonly engines?: number;
  /** What computes. Default: the CPU. */
  readonly device?: DeviceSetting;
  /** Ends what is under way; without it, Ctrl-C does. */
  readonly signal?: AbortSignal;
}

/**
 * Loads weights and tokenizer of a folder into engines of this process.
 *
 * @throws USAGE for a run folder, whose `config.json` is no model's; INVALID_MODEL
 */
export async function openModel(folder: string, options: ModelOptions): Promise<OpenModel> {
  const { slots, engines: numEngines = 1, device: setting = 'cpu' } = options;
  // A checkpoint, which is a model, has a manifest too.
  if (existsSync(join(folder, runFiles.epochs))) {
    const remedy = `name one of its models, like ${join(folder, runFiles.checkpoints, 'step-N')}`;
    throw new MgrpoError('USAGE', `${folder} is the folder of a run; ${remedy}`);
  }
  const [{ config, weights }, tokenizer] = await Promise.all([
    loadModelFolder(folder),
    loadTokenizer(folder),
  ]);
  // Caches grow with the responses; the weights have to fit from the start.
  const choice = await chooseDevice(setting, {
    largest: largestOfGeneration(config, { slots, maxTokens: 0 }),
  });
  if (setting !== 'cpu') process.stderr.write(`mgrpo: ${choiceText(choice)}\n`);
  const numTokens = Math.min(tokenizer.vocabSize, config.vocabSize);
  const lanes = await Promise.all(
    Array.from({ length: numEngines }, async () => {
      const engine = await GenerationEngine.start({
        model: config,
        slots,
        device: choice.device,
        numTokens,
      });
      await engine.setWeights(0, weights);
      return { engine, underWay: 0 };
    }),
  );
  const stops = stopTokenIds(config, tokenizer);
  const { signal, release } =
    options.signal === undefined
      ? interruptSignal()
      : { signal: options.signal, release: () => {} };
  return {
    tokenizer,
    maxTokens: config.maxPositionEmbeddings,
    weightsSha256: weightsSha256(weights),
    device: choice.identity,
    respond: async (question, own) => {
      const { promptTokens, prompt, seed, samples, purpose, sampling } = question;
      const lane = lanes.reduce((a, b) => (b.underWay < a.underWay ? b : a));
      lane.underWay += samples;
      try {
        return await lane.engine.generate(
          {
            stream: { seed, purpose, iteration: 0, prompt, role: 'policy' },
            promptTokens,
            firstRollout: 0,
            numRollouts: samples,
            weightVersion: 0,
            sampling: { ...sampling, stopTokenIds: stops },
          },
          own === undefined ? signal : AbortSignal.any([signal, own]),
        );
      } finally {
        lane.underWay -= samples;
      }
    },
    close: async () => {
      release();
      await Promise.all(lanes.map(({ engine }) => engine.close()));
    },
  };
}

function choiceText({ device, passedOver }: DeviceChoice): string {
  const reasons = passedOver.map((other) => `; not on ${other.device}: ${other.reason}`);
  return `computes on ${device}${reasons.join('')}`;
}

function interruptSignal(): { signal: AbortSignal; release: () => void } {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  return {
    signal: stop.signal,
    release: () => process.off('SIGINT', interrupt).off('SIGTERM', interrupt),
  };
}
