import type { Rollout } from '@mgrpo/generation';
import type { Completion, CompletionSettings } from './completion.ts';
import { entropyBounds } from './entropy.ts';

/** A response as a rollout: its entropies are lower bounds from the top logprobs (`entropyBounds`). */
export function rolloutOf(
  index: number,
  completion: Completion,
  settings: Pick<CompletionSettings, 'topLogprobs' | 'vocabSize'>,
): Rollout {
  const { tokens, logprobs, finishReason } = completion;
  return {
    index,
    tokens: Int32Array.from(tokens),
    logprobs: Float32Array.from(logprobs),
    entropies: Float32Array.from(tokens, (_, i) => boundsAt(completion, i, settings).lower),
    selfCertainties: null,
    finishReason,
  };
}

function boundsAt(
  { logprobs, top, names }: Completion,
  position: number,
  { topLogprobs: asked, vocabSize }: Pick<CompletionSettings, 'topLogprobs' | 'vocabSize'>,
) {
  const drawn = logprobs[position]!;
  const { [names[position]!]: named, ...others } = top[position]!;
  // Another token of the same text may stand under the name: then the drawn one is told apart by its logprob.
  const isAmong = named !== undefined && Math.abs(named - drawn) < 1e-6;
  const rest = Object.values(others);
  // vLLM adds the drawn token to the k most likely: it is no bound of what is unseen.
  if (isAmong && rest.length >= asked) {
    return entropyBounds({ top: rest, drawn, asked, vocabSize });
  }
  const all = Object.values(top[position]!);
  return entropyBounds({ top: all, drawn: isAmong ? null : drawn, asked, vocabSize });
}
