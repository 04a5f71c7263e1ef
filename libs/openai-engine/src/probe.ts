import type { Sampling } from '@mgrpo/generation';
import type { Completion, CompletionRequest } from './completion.ts';

/** Few tokens are enough: each tells of all weights. */
const probeTokens = 8;

/**
 * The request by which a server is asked which weights it has: always the same prompt, seed and sampling.
 *
 * It samples as the run does, so that logprobs at another temperature are noticed too.
 */
export function probeRequest(promptTokens: Int32Array, sampling: Sampling): CompletionRequest {
  const maxResponseTokens = Math.min(probeTokens, sampling.maxResponseTokens);
  return { promptTokens, seed: 1, sampling: { ...sampling, maxResponseTokens } };
}

/** True when two answers to the probe are the same to the last digit. */
export function isSameAnswer(a: Completion, b: Completion): boolean {
  return JSON.stringify(contentOf(a)) === JSON.stringify(contentOf(b));
}

/** What the weights decide: SGLang's stamp is what was asked for, whether it was done or not. */
function contentOf({ tokens, logprobs, top }: Completion) {
  // Servers order alternatives of equal logprobs as they like.
  const sorted = top.map((entries) => Object.entries(entries).sort(([x], [y]) => (x < y ? -1 : 1)));
  return [tokens, logprobs, sorted];
}

/**
 * The largest difference between logprobs of two answers to the probe, in nats.
 *
 * They compare as far as their tokens are the same, and one position further: there both saw the same text and
 * have the probabilities of the same alternatives.
 */
export function probeDifference(a: Completion, b: Completion): number {
  let largest = 0;
  for (let i = 0; i < Math.min(a.tokens.length, b.tokens.length); i++) {
    for (const [name, logprob] of Object.entries(a.top[i]!)) {
      const other = b.top[i]![name];
      if (other !== undefined) largest = Math.max(largest, Math.abs(logprob - other));
    }
    if (a.tokens[i] !== b.tokens[i]) break;
    largest = Math.max(largest, Math.abs(a.logprobs[i]! - b.logprobs[i]!));
  }
  return largest;
}

/** What our own engine says of the tokens of a probe's answer, in nats. */
export interface OwnLogprobs {
  readonly atTemperature: Float32Array;
  /** At temperature 1, which a server might tell instead. */
  readonly raw: Float32Array;
}

/** How an answer to the probe compares with what our own engine says of its tokens. */
export function compareWithOwn(
  { atTemperature, raw }: OwnLogprobs,
  { logprobs }: Completion,
): { largest: number; isRaw: boolean } {
  const from = (own: Float32Array) => logprobs.map((logprob, i) => Math.abs(logprob - own[i]!));
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const differences = from(atTemperature);
  // Rounding makes both differences alike; at temperature 1 itself they are the same.
  const isRaw = sum(from(raw)) < sum(differences) / 2;
  return { largest: Math.max(...differences), isRaw };
}
