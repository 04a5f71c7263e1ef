// B sequences, T tokens, R scored tokens.
import { MgrpoError } from '@mgrpo/errors';
import { type Tensor, tensor } from '@mgrpo/runtime';
import type { TokenScores } from './token-scores.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** Tokens a model reads to score a sequence: all but the last, whose successor no one asks for. */
export function numReadTokens(sequence: ScoredSequence): number {
  return sequence.promptTokens.length + sequence.responseTokens.length - 1;
}

/**
 * How sequences of a microbatch lie: `packed` end to end, or each padded to the longest. Padded microbatches are cut
 * where that computes the fewest tokens (`padded`), or when one is full (`filled`), as pretraining's always were.
 */
export type MicrobatchLayout = 'padded' | 'filled' | 'packed';

/**
 * Cuts sequences into microbatches of at most `maxTokens` tokens, padding included; longest first.
 *
 * A pure function of the lengths and the order: gradients of other shapes round differently, so the cut must
 * never depend on free memory or time. A sequence longer than `maxTokens` is a microbatch of its own.
 *
 * @returns indices into `sequences`
 * @example lengths 3, 5, 5 with maxTokens 10 // -> [[1, 2], [0]]: 2 × 5 tokens, then 1 × 3
 */
export function packMicrobatches(
  sequences: readonly ScoredSequence[],
  maxTokens: number,
  layout: MicrobatchLayout = 'padded',
): number[][] {
  const lengths = sequences.map(numReadTokens);
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const sorted = order.map((index) => lengths[index]!);
  const sizes =
    layout === 'padded'
      ? sizesOfLeastWork(sorted, maxTokens)
      : fullSizes(sorted, maxTokens, layout);
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return order.slice(start - size, start);
  });
}

/** Sequences of each microbatch when the next one begins where one is full. @param lengths longest first */
function fullSizes(
  lengths: readonly number[],
  maxTokens: number,
  layout: Exclude<MicrobatchLayout, 'padded'>,
): number[] {
  const sizes: number[] = [];
  let width = 0;
  let numTokens = 0;
  for (const length of lengths) {
    numTokens += layout === 'filled' ? width : length;
    if (sizes.length > 0 && numTokens <= maxTokens) {
      sizes[sizes.length - 1]! += 1;
      continue;
    }
    width = length;
    numTokens = length;
    sizes.push(1);
  }
  return sizes;
}

/**
 * Sequences of each microbatch when the fewest tokens are computed, padding included, and one microbatch more has to
 * save as many as a sixteenth of a full one. What fits into one stays in one: such steps are short as they are.
 *
 * From the shortest on, what is least work from each sequence on follows from what is least from those behind it. Of
 * equal work the larger first microbatch is taken, so equal lengths fill one after the other.
 *
 * @param lengths longest first
 */
function sizesOfLeastWork(lengths: readonly number[], maxTokens: number): number[] {
  const { length: n } = lengths;
  const [longest = 0] = lengths;
  if (n * longest <= maxTokens) return n === 0 ? [] : [n];
  const price = maxTokens / 16;
  const work = new Float64Array(n + 1);
  const sizeFrom = new Int32Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const width = lengths[i]!;
    const most = Math.min(n - i, Math.max(1, Math.floor(maxTokens / width)));
    work[i] = Number.POSITIVE_INFINITY;
    for (let size = 1; size <= most; size++) {
      const sum = size * width + price + work[i + size]!;
      if (sum > work[i]!) continue;
      work[i] = sum;
      sizeFrom[i] = size;
    }
  }
  const sizes: number[] = [];
  for (let i = 0; i < n; i += sizeFrom[i]!) sizes.push(sizeFrom[i]!);
  return sizes;
}

/** The token inputs of the score and gradients graphs: `tokens` [B, T] padded with 0, `rows` and `targets` [R]. */
export function tokenFeeds(sequences: readonly ScoredSequence[]): Record<string, Tensor> {
  const width = Math.max(...sequences.map(numReadTokens));
  const numScored = sequences.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0);
  const tokens = new BigInt64Array(sequences.length * width);
  const rows = new BigInt64Array(numScored);
  const targets = new BigInt64Array(numScored);
  let scored = 0;
  for (const [b, { promptTokens, responseTokens }] of sequences.entries()) {
    const start = b * width;
    for (const [i, token] of promptTokens.entries()) tokens[start + i] = BigInt(token);
    for (const [i, token] of responseTokens.entries()) {
      const position = start + promptTokens.length + i;
      if (i < responseTokens.length - 1) tokens[position] = BigInt(token);
      rows[scored] = BigInt(position - 1);
      targets[scored] = BigInt(token);
      scored += 1;
    }
  }
  return {
    tokens: tensor(tokens, [sequences.length, width]),
    rows: tensor(rows, [numScored]),
    targets: tensor(targets, [numScored]),
  };
}

/** One float32 [R] input: what `numberOf` says for token t of each sequence's response, in order. */
export function perTokenFeed<S extends ScoredSequence>(
  sequences: readonly S[],
  numberOf: (sequence: S, t: number) => number,
): Tensor {
  const values = sequences.flatMap((sequence) =>
    Array.from(sequence.responseTokens, (_, t) => numberOf(sequence, t)),
  );
  return tensor(Float32Array.from(values), [values.length]);
}

/** Cuts an output [R] back into one array per sequence; the inverse of `perTokenFeed`. */
export function splitByResponse(
  sequences: readonly ScoredSequence[],
  values: Float32Array,
): Float32Array[] {
  let start = 0;
  return sequences.map(({ responseTokens }) => {
    start += responseTokens.length;
    return values.slice(start - responseTokens.length, start);
  });
}

/** Cuts scores [R] back into those of each sequence. */
export function scoresBySequence(
  sequences: readonly ScoredSequence[],
  { logprobs, entropies }: TokenScores,
): TokenScores[] {
  const split = splitByResponse(sequences, entropies);
  return splitByResponse(sequences, logprobs).map((values, i) => ({
    logprobs: values,
    entropies: split[i]!,
  }));
}

/** Called before each run: a run can't be interrupted. @throws MgrpoError CANCELLED */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MgrpoError('CANCELLED', 'stopped between two microbatches');
}
