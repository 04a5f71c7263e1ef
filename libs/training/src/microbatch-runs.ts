import type { StepTotals } from '@mgrpo/algorithm';
import type { Feeds as DeviceFeeds, Tensor } from '@mgrpo/runtime';
import { lossFeeds, type ReferencedSequence } from './gradient-pass.ts';
import { scaleFeeds } from './loss-scale.ts';
import { packMicrobatches, scoresBySequence, throwIfCancelled } from './microbatch.ts';
import { type Rotary, scoringFeeds } from './model-feeds.ts';
import { scoresOf } from './scorer.ts';
import type { TokenScores } from './token-scores.ts';
import type { GradientOptions } from './training-options.ts';

/** What a step is computed with besides its data. */
export interface StepControl {
  readonly signal: AbortSignal | undefined;
  /** 1 unless gradients are computed in float16. */
  readonly lossScale: number;
}

/** What a step's gradients graph runs on, weights apart. */
export interface StepRuns extends StepControl {
  readonly sequences: readonly ReferencedSequence[];
  readonly totals: StepTotals;
  readonly options: GradientOptions;
  readonly rotary: Rotary;
}

/** A step's loss, and the scores of its sequences in their order. */
export interface StepScores {
  readonly loss: number;
  readonly scores: readonly TokenScores[];
}

/**
 * Runs the gradients graph on each microbatch of a step, in packing order.
 *
 * @param run runs it on the feeds, adds up the gradient and returns `loss`, `logprobs` and `entropies`
 */
export async function runMicrobatches(
  { sequences, totals, options, rotary, signal, lossScale }: StepRuns,
  run: (feeds: DeviceFeeds) => Promise<Readonly<Record<string, Tensor>>>,
): Promise<StepScores> {
  const scores: TokenScores[] = [];
  let loss = 0;
  for (const indices of packMicrobatches(sequences, options.microbatchTokens, options.layout)) {
    throwIfCancelled(signal);
    const microbatch = indices.map((index) => sequences[index]!);
    const outputs = await run({
      ...(await scoringFeeds(rotary, microbatch, options.temperature)),
      ...lossFeeds(options, microbatch, totals),
      ...scaleFeeds(options.compute, lossScale),
    });
    loss += outputs.loss!.data[0] as number;
    const ofMicrobatch = scoresBySequence(microbatch, scoresOf(outputs));
    for (const [i, index] of indices.entries()) scores[index] = ofMicrobatch[i]!;
  }
  return { loss, scores };
}
