/**
 * How the losses of a step's response tokens become one number.
 *
 * - `token-mean`: mean over all response tokens of the step (VeRL's default, the authors' code).
 * - `seq-mean-token-mean`: mean over responses of the mean over their tokens (GRPO's own).
 * - `seq-mean-token-sum`: mean over responses of the sum over their tokens.
 * - `eq3`: mean over prompts of the sum over responses and tokens, of plain `-A log pi` (Eq. 3 as printed).
 */
export type LossAggregation = 'token-mean' | 'seq-mean-token-mean' | 'seq-mean-token-sum' | 'eq3';

/**
 * What one optimiser step trains on. Responses whose advantage is zero count like any other, as in
 * VeRL; responses dropped by the filter, and groups without a label, do not.
 */
export interface StepTotals {
  /** Response tokens of the responses that train. */
  readonly numTokens: number;
  /** Responses that train. */
  readonly numSequences: number;
  /** Prompts of the step, those whose groups were dropped included. */
  readonly numPrompts: number;
}

/**
 * The weight of every token of one response: the step's loss is the sum over tokens of weight × token loss.
 *
 * Weights depend on the totals of the whole step, so microbatches of any size add up to the same loss.
 *
 * @param numTokens length of this response
 */
export function tokenWeight(
  aggregation: LossAggregation,
  numTokens: number,
  totals: StepTotals,
): number {
  switch (aggregation) {
    case 'token-mean':
      return 1 / totals.numTokens;
    case 'seq-mean-token-mean':
      return 1 / (totals.numSequences * numTokens);
    case 'seq-mean-token-sum':
      return 1 / totals.numSequences;
    case 'eq3':
      return 1 / totals.numPrompts;
  }
}
