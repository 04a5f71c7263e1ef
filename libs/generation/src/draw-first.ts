// R rows, D hidden.
import type { ModelConfig } from '@mgrpo/model';
import { tensor } from '@mgrpo/runtime';
import type { BatchUse } from './batch.ts';
import { addToken, type Draft, finishDraft } from './job.ts';
import { drawnRows, minRows, samplingFeeds } from './sampler.ts';

/** Draws the first token of new drafts from their prompts' last hidden states; returns those that go on. */
export async function drawFirst(
  { hiddenSize: D }: ModelConfig,
  { weights, sampler }: BatchUse,
  newcomers: readonly Draft[],
): Promise<Draft[]> {
  const numRows = Math.max(newcomers.length, minRows);
  const hidden = new Float32Array(numRows * D);
  newcomers.forEach((draft, row) => {
    hidden.set(draft.job.prompt!.hidden, row * D);
  });
  const outputs = await sampler.sample.run({
    head: weights.head,
    hidden: tensor(hidden, [numRows, D]),
    ...samplingFeeds(sampler, newcomers, numRows),
  });
  const drawn = drawnRows(outputs, newcomers.length);
  return newcomers.filter((draft, row) => {
    const finishReason = addToken(draft, drawn[row]!);
    if (finishReason) finishDraft(draft, finishReason);
    return finishReason === null;
  });
}
