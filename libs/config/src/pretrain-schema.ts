import { z } from 'zod';
import { integer, path, share } from './keys.ts';

const model = z
  .strictObject({
    architecture: z
      .enum(['qwen3', 'llama'])
      .default('qwen3')
      .describe('`model_type` of the config.json that is written'),
    hiddenSize: integer(2).describe('width of the residual stream'),
    numLayers: integer(1).describe('transformer blocks'),
    numHeads: integer(1).describe('query heads'),
    numKvHeads: integer(1).describe('key/value heads, a divisor of numHeads'),
    headDim: integer(2).describe('width of one head, even'),
    intermediateSize: integer(1).describe('inner width of the feed-forward blocks'),
    maxPositionEmbeddings: integer(1).describe('longest prompt and response together (tokens)'),
    tieWordEmbeddings: z
      .boolean()
      .default(false)
      .describe('whether the output head is the embedding matrix'),
    ropeTheta: z.number().positive().default(10_000).describe('base of the rotary embedding'),
    rmsNormEps: z.number().positive().default(1e-6).describe('epsilon of the RMS norms'),
  })
  .describe('the model that is made; its vocabulary are the characters of the task');

const task = z
  .strictObject({
    kind: z
      .enum(['chain-arithmetic', 'product-sum'])
      .describe('what is learned: six digits computed left to right modulo 10, or `ab*c+de`'),
    bareShare: share.describe('share of answers without the work, such as `>2` for `73162>2`'),
    noiseShare: share.describe('share of responses in which one digit is replaced by a random one'),
    strayShare: share
      .default(0)
      .describe('share of responses, none of those, that are the bare answer of another problem'),
  })
  .describe('the supervised samples; they are drawn from training problems only');

const optimizer = z
  .strictObject({
    learningRate: z.number().positive().describe('peak learning rate'),
    warmupSteps: integer(0).default(0).describe('steps in which the learning rate rises linearly'),
    decayShare: share
      .default(0)
      .describe('share of all steps, the last ones, in which it falls linearly to 0'),
    beta1: z.number().min(0).lt(1).default(0.9).describe('decay of the first moment'),
    beta2: z.number().min(0).lt(1).default(0.999).describe('decay of the second moment'),
    epsilon: z.number().positive().default(1e-8).describe('added to the root of the second moment'),
    weightDecay: z.number().min(0).default(0.01).describe('decoupled, of every parameter'),
    maxGradientNorm: z
      .number()
      .positive()
      .default(1)
      .describe('gradients of a larger global norm are scaled down to it'),
  })
  .describe('AdamW');

/** The whole configuration of supervised pretraining: `mgrpo pretrain`. */
export const pretrainConfigSchema = z.strictObject({
  seed: integer(0, 2 ** 32 - 1)
    .default(1)
    .describe('initial weights and samples are a function of it'),
  output: path.describe('model folder that is written; one that pretraining wrote is replaced'),
  model,
  task,
  steps: integer(1).describe('optimiser steps'),
  batchSize: integer(1).describe('samples of one step, never the same twice'),
  optimizer,
  microbatchTokens: integer(1)
    .default(1024)
    .describe('tokens of one gradient pass, padding included; it decides rounding'),
});

export type PretrainConfig = z.output<typeof pretrainConfigSchema>;
