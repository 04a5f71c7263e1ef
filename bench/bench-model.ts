/** The model and the work that speeds are measured on, so that every benchmark means the same by a step. */
import { initialWeights, type ModelConfig, numParameters, parseModelConfig } from '@mgrpo/model';
import { initialTrainerState, Trainer, type TrainingBatch } from '@mgrpo/training';

/** 0.87M parameters (issue 2, part H); `llama` is the prototype's, `qwen3` adds norms of queries and keys. */
export function benchModel(modelType: 'llama' | 'qwen3'): ModelConfig {
  return parseModelConfig({
    model_type: modelType,
    vocab_size: 64,
    hidden_size: 128,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    intermediate_size: 384,
    max_position_embeddings: 512,
    tie_word_embeddings: false,
  });
}

/** `config.json` of a model in the shapes of Qwen3-0.6B, with fewer layers. */
export function qwenConfigJson({ numLayers, vocabSize }: { numLayers: number; vocabSize: number }) {
  return {
    model_type: 'qwen3',
    vocab_size: vocabSize,
    hidden_size: 1024,
    num_hidden_layers: numLayers,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    head_dim: 128,
    intermediate_size: 3072,
    max_position_embeddings: 40960,
    tie_word_embeddings: true,
  };
}

/** Uniform numbers of a linear congruence: `initialWeights` takes minutes at these sizes. */
export function randomWeights(model: ModelConfig): Float32Array {
  let state = 1;
  return new Float32Array(numParameters(model)).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state / 2 ** 31) * 0.03;
  });
}

/** A trainer with the optimiser of the paper and no KL term, whose gradient pass takes a whole batch. */
export function openTrainer(model: ModelConfig, microbatchTokens: number): Promise<Trainer> {
  return Trainer.open({
    model,
    options: {
      loss: {
        kind: 'policy',
        clipRatio: 0.2,
        klCoefficient: 0,
        importance: null,
        aggregation: 'token-mean',
        klReference: 'none',
      },
      optimizer: {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0.01,
        maxGradientNorm: 1,
      },
      temperature: 1.1,
      microbatchTokens,
      recompute: 'none',
      adapter: null,
    },
    state: initialTrainerState(initialWeights(model, 1)),
    reference: null,
    now: () => performance.now(),
  });
}

/** Sequences of one prompt token, so that all `numTokens` positions score a token. */
export function makeBatch(
  model: ModelConfig,
  { numSequences, numTokens }: { numSequences: number; numTokens: number },
): TrainingBatch {
  const sequences = Array.from({ length: numSequences }, (_, b) => ({
    promptTokens: Int32Array.of(b % model.vocabSize),
    responseTokens: Int32Array.from(
      { length: numTokens },
      (_, t) => (7 * b + 5 * t) % model.vocabSize,
    ),
    behaviourLogprobs: new Float32Array(numTokens).fill(-4),
    advantage: b % 2 === 0 ? 1 : -1,
  }));
  return { prompts: [sequences], learningRates: [1e-6], momentumCoefficients: [0.99] };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
