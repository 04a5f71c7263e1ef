// N tokens read, R scored tokens, D numbers a row.
import { type Tensor, tensor } from '@mgrpo/runtime';
import { numReadTokens } from './microbatch.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** Where a sequence lies among the tokens. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** Sequences end to end, without padding. */
export interface PackedSequences {
  /** [N]: what the model reads. */
  readonly tokens: Int32Array;
  /** int64 [N, 1]: the place of each token in its sequence. */
  readonly positions: Tensor;
  readonly spans: readonly Span[];
  /** [R]: the tokens after which a response token is scored, and those response tokens. */
  readonly rows: Int32Array;
  readonly targets: Int32Array;
}

/** @example a prompt [5, 6] answered by [7, 8] reads 5 6 7 and scores 7 after row 1 and 8 after row 2 */
export function packSequences(sequences: readonly ScoredSequence[]): PackedSequences {
  const lengths = sequences.map(numReadTokens);
  const numTokens = lengths.reduce((sum, length) => sum + length, 0);
  const numScored = sequences.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0);
  const tokens = new Int32Array(numTokens);
  const positions = new BigInt64Array(numTokens);
  const rows = new Int32Array(numScored);
  const targets = new Int32Array(numScored);
  let start = 0;
  let scored = 0;
  const spans = sequences.map(({ promptTokens, responseTokens }, s): Span => {
    const span = { start, length: lengths[s]! };
    tokens.set(promptTokens, start);
    tokens.set(responseTokens.subarray(0, -1), start + promptTokens.length);
    for (let i = 0; i < span.length; i++) positions[start + i] = BigInt(i);
    for (const [i, target] of responseTokens.entries()) {
      rows[scored] = start + promptTokens.length - 1 + i;
      targets[scored] = target;
      scored += 1;
    }
    start += span.length;
    return span;
  });
  return { tokens, positions: tensor(positions, [numTokens, 1]), spans, rows, targets };
}

/** Rows of a matrix by index: `table` [n, D] at `indices` [m] -> [m, D]. */
export function gatherRows(table: Float32Array, indices: Int32Array, width: number): Float32Array {
  const rows = new Float32Array(indices.length * width);
  for (const [i, index] of indices.entries()) {
    rows.set(table.subarray(index * width, (index + 1) * width), i * width);
  }
  return rows;
}

/** Adds each row of `rows` [m, D] to the row of `table` that `indices` names, in order. */
export function addRows(
  table: Float32Array,
  indices: Int32Array,
  rows: Float32Array,
  width: number,
): void {
  for (const [i, index] of indices.entries()) {
    addTo(
      table.subarray(index * width, (index + 1) * width),
      rows.subarray(i * width, (i + 1) * width),
    );
  }
}

/** `sum += values`, elementwise. */
export function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) sum[i]! += values[i]!;
}
