import { streamKey } from '@mgrpo/algorithm';
import type { JsonObject } from '@mgrpo/checkpoint';
import type { PretrainConfig } from '@mgrpo/config';
import { syntheticTasks, taskSample } from '@mgrpo/datasets';
import { MgrpoError } from '@mgrpo/errors';
import { initialWeights, parseModelConfig } from '@mgrpo/model';
import { loadTokenizer, type Tokenizer } from '@mgrpo/tokenizer';
import {
  modelConfigJson,
  type PretrainingManifest,
  requireReplaceable,
  savePretrained,
  withTokenizerFolder,
} from './pretraining-folder.ts';
import { pretrainingRate } from './pretraining-schedule.ts';
import { initialTrainerState } from './trainer-state.ts';
import { TrainingEngine } from './training-engine.ts';
import { supervisedSequence, type TrainingSequence } from './training-sequence.ts';

/** One step of a pretraining. */
export interface PretrainingStep {
  /** Steps done, this one included. */
  readonly step: number;
  /** Mean negative log-likelihood of the response tokens (nats) before the update. */
  readonly loss: number;
}

export interface PretrainingHooks {
  readonly onStep?: (step: PretrainingStep) => void;
  readonly signal?: AbortSignal;
}

// The loss of one step is noisy; the manifest's is a mean over this many.
const lossWindow = 50;

/**
 * Trains a character-level model from scratch on a synthetic task and writes its folder.
 *
 * Weights, order and samples are functions of the configuration: on one kind of CPU, ONNX Runtime and Node
 * the same bits. Held-out problems are never among the samples.
 *
 * @throws MgrpoError CANCELLED when the signal aborts; nothing is written then
 */
export async function pretrain(
  config: PretrainConfig,
  hooks: PretrainingHooks = {},
): Promise<PretrainingManifest> {
  await requireReplaceable(config.output);
  const { characters } = syntheticTasks[config.task.kind];
  return withTokenizerFolder(characters, async (tokenizerFolder, vocabulary) => {
    const configJson = modelConfigJson(config.model, vocabulary);
    const tokenizer = await loadTokenizer(tokenizerFolder);
    const losses: number[] = [];
    const weights = await pretrainedWeights(config, configJson, tokenizer, {
      ...hooks,
      onStep: (step) => {
        losses.push(step.loss);
        hooks.onStep?.(step);
      },
    });
    const last = losses.slice(-lossWindow);
    const loss = last.reduce((sum, value) => sum + value, 0) / last.length;
    return savePretrained({ config, configJson, weights, loss }, tokenizerFolder);
  });
}

async function pretrainedWeights(
  config: PretrainConfig,
  configJson: JsonObject,
  tokenizer: Tokenizer,
  { onStep, signal }: PretrainingHooks,
): Promise<Float32Array> {
  const model = parseModelConfig(configJson);
  const { steps, optimizer, microbatchTokens, seed } = config;
  const engine = await TrainingEngine.start({
    model,
    options: {
      loss: { kind: 'supervised' },
      optimizer,
      temperature: 1,
      microbatchTokens,
      recompute: 'none',
      adapter: null,
    },
    state: initialTrainerState(initialWeights(model, seed)),
    reference: null,
  });
  try {
    for (let step = 0; step < steps; step++) {
      const stats = await engine.step(
        {
          prompts: [pretrainingSamples(step, config, tokenizer)],
          learningRates: [pretrainingRate(step, steps, optimizer)],
          momentumCoefficients: [],
        },
        signal,
      );
      const made = stats.kind === 'trained' ? stats.steps[0] : undefined;
      if (made === undefined) {
        const what = `loss or gradient of pre-training step ${step + 1} is NaN or infinite`;
        throw new MgrpoError('INTERNAL', `${what}; choose a lower optimizer.learningRate`);
      }
      onStep?.({ step: step + 1, loss: made.loss });
    }
    return (await engine.weights()).policy;
  } finally {
    await engine.close();
  }
}

/** The samples of one step, none of which comes again: a function of seed, step and place. */
export function pretrainingSamples(
  step: number,
  { seed, batchSize, task }: Pick<PretrainConfig, 'seed' | 'batchSize' | 'task'>,
  tokenizer: Tokenizer,
): TrainingSequence[] {
  return Array.from({ length: batchSize }, (_, prompt) => {
    const key = streamKey({ seed, purpose: 'pretraining', iteration: step, prompt });
    const { prompt: question, response } = taskSample(syntheticTasks[task.kind], key, task);
    return supervisedSequence({
      promptTokens: tokenizer.encode(question),
      responseTokens: Int32Array.of(...tokenizer.encode(response), tokenizer.eosTokenId!),
    });
  });
}
