import type { StepTotals } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import type { IterationSchedule, TrainingLoss } from './training-options.ts';
import type { TrainingSequence } from './training-sequence.ts';

/** What one iteration trains on, and with which scheduled numbers. */
export interface TrainingBatch extends IterationSchedule {
  /**
   * The sequences that train, by prompt; a prompt whose group was dropped has none. With several learning
   * rates the prompts are cut, in order, into as many equal minibatches: one optimiser step each.
   */
  readonly prompts: readonly (readonly TrainingSequence[])[];
}

/** Where a sequence is in a batch: `batch.prompts[prompt][sequence]`. */
export interface SequencePlace {
  readonly prompt: number;
  readonly sequence: number;
}

/** The places of a batch's sequences. */
export function placesOf({
  prompts,
}: Pick<TrainingBatch, 'prompts'>): ReadonlyMap<TrainingSequence, SequencePlace> {
  return new Map(
    prompts.flatMap((sequences, prompt) =>
      sequences.map((sequence, i) => [sequence, { prompt, sequence: i }]),
    ),
  );
}

/** @throws MgrpoError INVALID_INPUT for a sequence that no model could have generated. */
export function checkSequences(sequences: readonly TrainingSequence[], loss: TrainingLoss): void {
  for (const { promptTokens, responseTokens, behaviourLogprobs } of sequences) {
    if (promptTokens.length === 0 || responseTokens.length === 0) {
      const message = 'a training sequence needs at least one prompt and one response token';
      throw new MgrpoError('INVALID_INPUT', message);
    }
    if (loss.kind === 'policy' && behaviourLogprobs.length !== responseTokens.length) {
      const what = `${behaviourLogprobs.length} behaviour logprobs for ${responseTokens.length} tokens`;
      throw new MgrpoError('INVALID_INPUT', `a training sequence has ${what}`);
    }
  }
}

/** The minibatches of an iteration: equal runs of consecutive prompts, one per learning rate. */
export function cutPrompts({ prompts, learningRates }: TrainingBatch): TrainingBatch['prompts'][] {
  const size = prompts.length / learningRates.length;
  if (!Number.isInteger(size)) {
    const message = `${prompts.length} prompts can't be cut into ${learningRates.length} minibatches`;
    throw new MgrpoError('INTERNAL', message);
  }
  return learningRates.map((_, k) => prompts.slice(k * size, (k + 1) * size));
}

/** What the loss of a step is averaged over. */
export function totalsOf(prompts: TrainingBatch['prompts']): StepTotals {
  const sequences = prompts.flat();
  return {
    numTokens: sequences.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0),
    numSequences: sequences.length,
    numPrompts: prompts.length,
  };
}

/**
 * Without KL a sequence of advantage 0 has a gradient of exactly 0 and need not be computed. A minibatch of
 * nothing else is no optimiser step: AdamW's momentum and decay alone must not move the weights.
 */
export function carriesGradient(sequence: TrainingSequence, loss: TrainingLoss): boolean {
  const hasKl = loss.kind === 'policy' && loss.klReference !== 'none';
  return hasKl || sequence.advantage !== 0;
}
