import type { RolloutStream } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import type { ModelConfig } from '@mgrpo/model';

/** How responses are drawn. */
export interface Sampling {
  /** Divides the logits; 0 takes the most likely token, with log-probabilities at temperature 1. */
  readonly temperature: number;
  /** Keeps the fewest most likely tokens whose probabilities reach this share; 1 keeps all. */
  readonly topP: number;
  /** Keeps this many most likely tokens; 0 keeps all. */
  readonly topK: number;
  /** A response of this length is cut: `finishReason: 'length'`. */
  readonly maxResponseTokens: number;
  /** A response ends with the first of these, which is its last token. */
  readonly stopTokenIds: readonly number[];
  /** Rollouts bring their self-certainties: one more output of the graph, so only where a reward needs it. */
  readonly selfCertainty?: boolean;
}

/** Some rollouts of one prompt by one weight version. */
export interface GenerationRequest {
  /** Names the random numbers: rollout i draws with `rolloutKey(stream, i)`, at every position one. */
  readonly stream: RolloutStream;
  readonly promptTokens: Int32Array;
  readonly firstRollout: number;
  readonly numRollouts: number;
  readonly weightVersion: number;
  readonly sampling: Sampling;
}

/** One sampled response. All arrays have one entry per response token, the stop token included. */
export interface Rollout {
  /** `firstRollout + i` for the i-th rollout of a request. */
  readonly index: number;
  readonly tokens: Int32Array;
  /** Natural log-probability of each token in the whole vocabulary's distribution at the temperature. */
  readonly logprobs: Float32Array;
  /** Entropy of that distribution at each position, in nats. */
  readonly entropies: Float32Array;
  /** Divergence of that distribution from the uniform one, KL(U || p), in nats; null unless asked for. */
  readonly selfCertainties: Float32Array | null;
  readonly finishReason: 'stop' | 'length';
}

/** Refuses a request that the model can't serve. @throws MgrpoError INVALID_INPUT naming the field */
export function checkRequest(config: ModelConfig, request: GenerationRequest): void {
  const { promptTokens, firstRollout, numRollouts, sampling } = request;
  const { temperature, topP, topK, maxResponseTokens } = sampling;
  refuseUnless(promptTokens.length > 0, 'the prompt has no tokens');
  const foreign = promptTokens.find((id) => id < 0 || id >= config.vocabSize);
  refuseUnless(foreign === undefined, `prompt token ${foreign} is not below ${config.vocabSize}`);
  refuseUnless(isCount(firstRollout), `firstRollout is ${firstRollout}`);
  refuseUnless(isCount(numRollouts) && numRollouts > 0, `numRollouts is ${numRollouts}`);
  refuseUnless(temperature >= 0 && temperature < Infinity, `temperature is ${temperature}`);
  refuseUnless(topP > 0 && topP <= 1, `topP is ${topP}; it must be above 0 and at most 1`);
  refuseUnless(isCount(topK), `topK is ${topK}; 0 keeps all tokens`);
  refuseUnless(
    isCount(maxResponseTokens) && maxResponseTokens > 0,
    `maxResponseTokens is ${maxResponseTokens}`,
  );
  const longest = promptTokens.length + maxResponseTokens;
  refuseUnless(
    longest <= config.maxPositionEmbeddings,
    `a prompt of ${promptTokens.length} and a response of ${maxResponseTokens} tokens need ${longest} positions; the model has ${config.maxPositionEmbeddings}: shorten one of them`,
  );
}

function refuseUnless(holds: boolean, otherwise: string): void {
  if (!holds) throw new MgrpoError('INVALID_INPUT', `generation request: ${otherwise}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
