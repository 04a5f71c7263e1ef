/** A prompt and a response of which every token is scored. */
export interface ScoredSequence {
  /** At least one token. */
  readonly promptTokens: Int32Array;
  readonly responseTokens: Int32Array;
}

/** A response that trains. */
export interface TrainingSequence extends ScoredSequence {
  /** Natural logarithms at the sampling temperature, by the weights that sampled; unread in supervised training. */
  readonly behaviourLogprobs: Float32Array;
  readonly advantage: number;
}

/** A sequence to be learned as it is: supervised training is Eq. 3 with an advantage of 1. */
export function supervisedSequence(sequence: ScoredSequence): TrainingSequence {
  return { ...sequence, behaviourLogprobs: new Float32Array(0), advantage: 1 };
}
