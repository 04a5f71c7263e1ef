import { importanceRatio, klEstimate, type LossSequence } from './loss.ts';

/** What a step's ratios looked like: means over all response tokens, unless said otherwise. */
export interface LossMetrics {
  /** Share of tokens whose gradient the clip removes: below with A < 0, above with A > 0. */
  readonly clipFraction: number;
  readonly clipFractionLow: number;
  readonly clipFractionHigh: number;
  /** Share of tokens with a ratio outside 1 ± clip, whatever the sign of their advantage. */
  readonly outsideFraction: number;
  readonly ratioMean: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
  /** Estimates of KL(behaviour || policy): k1 = -log r, k2 = (log r)^2 / 2, k3 = r - 1 - log r. */
  readonly behaviourKl1: number;
  readonly behaviourKl2: number;
  readonly behaviourKl3: number;
  /** Estimates of KL(policy || reference): k1 = logprob - reference, and the k3 of the loss. 0 without reference. */
  readonly referenceKl1: number;
  readonly referenceKl3: number;
}

type Sums = { -readonly [name in keyof LossMetrics]: number };

function addToken(sums: Sums, sequence: LossSequence, t: number, clipRatio: number): void {
  const logprob = sequence.logprobs[t]!;
  const behaviour = (sequence.importance?.proximalLogprobs ?? sequence.behaviourLogprobs)[t]!;
  const ratio = importanceRatio(logprob, behaviour);
  const logRatio = Math.log(ratio);
  const isLow = ratio < 1 - clipRatio;
  const isHigh = ratio > 1 + clipRatio;
  if (isLow && sequence.advantage < 0) sums.clipFractionLow += 1;
  if (isHigh && sequence.advantage > 0) sums.clipFractionHigh += 1;
  if (isLow || isHigh) sums.outsideFraction += 1;
  sums.ratioMean += ratio;
  sums.ratioMin = Math.min(sums.ratioMin, ratio);
  sums.ratioMax = Math.max(sums.ratioMax, ratio);
  sums.behaviourKl1 -= logRatio;
  sums.behaviourKl2 += logRatio ** 2 / 2;
  sums.behaviourKl3 += ratio - 1 - logRatio;
  if (sequence.referenceLogprobs !== null) {
    const reference = sequence.referenceLogprobs[t]!;
    sums.referenceKl1 += logprob - reference;
    sums.referenceKl3 += klEstimate(logprob, reference);
  }
}

/** Clip fractions, importance ratios and KL estimates of a step's tokens; at least one token. */
export function lossMetrics(sequences: readonly LossSequence[], clipRatio: number): LossMetrics {
  const sums: Sums = {
    clipFraction: 0,
    clipFractionLow: 0,
    clipFractionHigh: 0,
    outsideFraction: 0,
    ratioMean: 0,
    ratioMin: Number.POSITIVE_INFINITY,
    ratioMax: 0,
    behaviourKl1: 0,
    behaviourKl2: 0,
    behaviourKl3: 0,
    referenceKl1: 0,
    referenceKl3: 0,
  };
  let numTokens = 0;
  for (const sequence of sequences) {
    for (let t = 0; t < sequence.logprobs.length; t++) addToken(sums, sequence, t, clipRatio);
    numTokens += sequence.logprobs.length;
  }
  return {
    clipFraction: (sums.clipFractionLow + sums.clipFractionHigh) / numTokens,
    clipFractionLow: sums.clipFractionLow / numTokens,
    clipFractionHigh: sums.clipFractionHigh / numTokens,
    outsideFraction: sums.outsideFraction / numTokens,
    ratioMean: sums.ratioMean / numTokens,
    ratioMin: sums.ratioMin,
    ratioMax: sums.ratioMax,
    behaviourKl1: sums.behaviourKl1 / numTokens,
    behaviourKl2: sums.behaviourKl2 / numTokens,
    behaviourKl3: sums.behaviourKl3 / numTokens,
    referenceKl1: sums.referenceKl1 / numTokens,
    referenceKl3: sums.referenceKl3 / numTokens,
  };
}
