/** What a model says about the tokens of one response. */
export interface TokenScores {
  /** Natural logarithms at the temperature. */
  readonly logprobs: Float32Array;
  /** Nats, of the whole vocabulary's distribution at the temperature. */
  readonly entropies: Float32Array;
}
