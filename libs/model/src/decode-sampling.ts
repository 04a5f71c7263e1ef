// B rows, D hidden, V vocabulary, W padded vocabulary, C candidates.
import type { GraphBuilder, GraphTarget, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';

/** How a graph draws tokens; every choice has a graph of its own. */
export interface SamplerOptions {
  /**
   * `all`: from the whole vocabulary. A number: from that many most likely tokens at most, cut by top-k
   * and top-p (give the vocabulary's size for top-p alone).
   */
  readonly candidates: 'all' | number;
  /** Ids from here on belong to no token of the tokenizer and are never drawn. */
  readonly numTokens: number;
  /** Adds the output `selfCertainties`. */
  readonly selfCertainty: boolean;
  /** What runs the graph. */
  readonly target: GraphTarget;
}

/** Graph inputs of sampling, one value a row: [B, 1] each. */
export interface SamplerInputs {
  /** Uniform random number in [0, 1 - 2^-24]; a negative number asks for the most likely token. */
  readonly uniforms: Value;
  /** 1 / temperature, and 1 for the most likely token. */
  readonly inverseTemperatures: Value;
  /** Number of most likely tokens to keep, as float32; only where candidates are cut. */
  readonly topK: Value | null;
  /** Cumulative probability to keep; only where candidates are cut. */
  readonly topP: Value | null;
}

const veryUnlikely = -1e30; // finite: 0 * -Infinity would make the entropy NaN
const blockSize = 128;

// Columns are counted in float32, which is exact below 2^24: WebGPU's provider has no kernels that read int64 but as
// indices, and would fetch whole rows of the vocabulary to count them on the CPU.

/** Declares the sampling inputs of a graph. */
export function samplerInputs(g: GraphBuilder, options: SamplerOptions): SamplerInputs {
  const input = (name: string): Value => g.input(name, 'float32', ['B', 1]);
  const isCut = options.candidates !== 'all';
  return {
    uniforms: input('uniforms'),
    inverseTemperatures: input('inverseTemperatures'),
    topK: isCut ? input('topK') : null,
    topP: isCut ? input('topP') : null,
  };
}

/**
 * Appends output head and sampling, with outputs `nextTokens` int64, `logprobs` and `entropies`, [B, 1] each,
 * and `selfCertainties` where asked for.
 *
 * Log-probability and entropy (nats) are of the whole vocabulary's distribution at the temperature, before
 * any cut (design.md section 6): what the learner recomputes. Drawing inverts the cumulative distribution
 * at the row's uniform number.
 *
 * @param hidden [B, D] after the final norm
 * @param scores the output head: [B, D] -> [B, V]
 */
export function sampleTokens(
  g: GraphBuilder,
  config: ModelConfig,
  options: SamplerOptions,
  { hidden, scores, inputs }: { hidden: Value; scores: (x: Value) => Value; inputs: SamplerInputs },
): void {
  const width = paddedVocabulary(config.vocabSize);
  // Dividing the D hidden numbers by the temperature instead of the V logits is the same and shorter.
  const scaled = g.mul(hidden, inputs.inverseTemperatures);
  const logits = padColumns(g, scores(scaled), config.vocabSize, width);
  const logprobs = g.logSoftmax(logits);
  const probabilities = g.exp(logprobs);
  const entropies = g.neg(g.reduceSum(g.mul(probabilities, logprobs), [-1], true));

  const isShort = options.numTokens < config.vocabSize;
  const allowed = isShort ? g.add(logprobs, reservedMask(g, options.numTokens, width)) : logprobs;
  const drawn =
    options.candidates === 'all'
      ? drawFromAll(g, isShort ? g.exp(allowed) : probabilities, inputs.uniforms)
      : drawFromBest(g, options, allowed, inputs);
  const isGreedy = g.less(inputs.uniforms, 0);
  const tokens = g.cast(g.where(isGreedy, firstBest(g, options, allowed), drawn), 'int64');
  g.output('nextTokens', tokens);
  g.output('logprobs', g.gatherElements(logprobs, tokens));
  g.output('entropies', entropies);
  if (options.selfCertainty) {
    g.output('selfCertainties', selfCertainties(g, logprobs, config.vocabSize));
  }
}

/**
 * `KL(U || p) = -mean(log p) - log V` of rows of log-probabilities [B, W], in nats: [B, 1].
 *
 * The padding's columns have a weight of 0: they are no part of the vocabulary, and would own the mean. Long rows
 * are summed in blocks, as one float32 sum of 151,936 numbers is wrong by 2e-4 of itself; the blocks' sums by a
 * product with ones, which is each row's own at any width.
 */
function selfCertainties(g: GraphBuilder, logprobs: Value, vocabSize: number): Value {
  const width = logprobs.shape[1] as number;
  const share = g.fill(-1 / vocabSize, 'float32', [1, vocabSize]);
  const none = g.fill(0, 'float32', [1, width - vocabSize]);
  const shares = width === vocabSize ? share : g.concat([share, none], -1);
  const parts = g.mul(logprobs, shares);
  if (width <= blockSize) return g.sub(g.reduceSum(parts, [-1], true), Math.log(vocabSize));
  const numBlocks = width / blockSize;
  const sums = g.reduceSum(g.reshape(parts, ['B', numBlocks, blockSize]), [-1]);
  const ones = g.fill(1, 'float32', [numBlocks, 1]);
  return g.sub(g.matMul(sums, ones), Math.log(vocabSize));
}

/**
 * The vocabulary's width inside the graph: a multiple of 16, of 128 where it is summed in blocks.
 *
 * ONNX Runtime's reductions over a row whose length is no multiple of the vector width depend on the row's
 * place in memory, so at odd widths the same rollout would get other bits in another batch.
 */
function paddedVocabulary(vocabSize: number): number {
  const multiple = vocabSize <= blockSize ? 16 : blockSize;
  return Math.ceil(vocabSize / multiple) * multiple;
}

function padColumns(g: GraphBuilder, logits: Value, from: number, to: number): Value {
  if (from === to) return logits;
  return g.concat([logits, g.fill(veryUnlikely, 'float32', ['B', to - from])], -1);
}

/** 0 for the ids of the tokenizer, very unlikely for the others: [1, W]. */
function reservedMask(g: GraphBuilder, numTokens: number, width: number): Value {
  const tokens = g.fill(0, 'float32', [1, numTokens]);
  return g.concat([tokens, g.fill(veryUnlikely, 'float32', [1, width - numTokens])], -1);
}

/**
 * The token at which the running sum of `probabilities` [B, W] passes `uniforms` [B, 1]: float32 [B, 1].
 *
 * A float32 running sum over a large vocabulary ends up to 2.3e-4 short of 1, so that a plain comparison
 * with u would draw reserved ids at the tail. Sums are therefore taken per block of 128, u is scaled by the
 * last running sum, and what is left of it chooses inside the block. As u is at most 1 - 2^-24, the scaled
 * target stays below the last running sum: the token drawn has a probability above 0, without a clamp.
 */
function drawFromAll(g: GraphBuilder, probabilities: Value, uniforms: Value): Value {
  const width = probabilities.shape[1] as number;
  if (width <= blockSize) return drawFromBlock(g, probabilities, uniforms);
  const numBlocks = width / blockSize;
  const sums = g.reduceSum(g.reshape(probabilities, ['B', numBlocks, blockSize]), [-1]);
  const ends = g.cumSum(sums, 1);
  const target = g.mul(lastColumn(g, ends), uniforms);
  const number = firstAbove(g, ends, target);
  const block = g.cast(number, 'int64');
  const starts = g.concat([g.fill(0, 'float32', ['B', 1]), ends], -1);
  const rest = g.sub(target, g.gatherElements(starts, block));
  // Rounding of the running sum can leave a rest as long as the whole block.
  const share = g.min(g.div(rest, g.gatherElements(sums, block)), 1 - 2 ** -24);
  const firstBlocks = g.mul(rowNumbers(g), numBlocks);
  const rows = g.reshape(g.add(firstBlocks, block), ['B']);
  const chosen = g.gather(g.reshape(probabilities, [`${numBlocks}*B`, blockSize]), rows);
  return g.add(g.mul(number, blockSize), drawFromBlock(g, chosen, share));
}

/** `drawFromAll` for at most 128 columns, whose running sums are one product with a triangle of ones. */
function drawFromBlock(g: GraphBuilder, probabilities: Value, uniforms: Value): Value {
  const width = probabilities.shape[1] as number;
  const triangle = g.upperTriangle(g.fill(1, 'float32', [width, width]), 0);
  const ends = g.matMul(probabilities, triangle);
  return firstAbove(g, ends, g.mul(lastColumn(g, ends), uniforms));
}

/**
 * Draws among the most likely tokens, as many as the options say: first the row's top-k, then of these the fewest whose
 * probabilities reach its top-p, as vLLM and transformers cut. Candidates stand in falling order.
 */
function drawFromBest(
  g: GraphBuilder,
  options: SamplerOptions,
  logprobs: Value,
  { uniforms, topK, topP }: SamplerInputs,
): Value {
  const numCandidates = Math.min(Number(options.candidates), options.numTokens);
  const { values, indices } = g.topK(logprobs, numCandidates);
  const ranks = Array.from({ length: numCandidates }, (_, rank) => rank);
  const isInTopK = g.less(g.constant('float32', [1, numCandidates], ranks), topK!);
  const kept = g.where(isInTopK, g.exp(values), 0);
  const ends = g.cumSum(kept, 1);
  // A token stays while the mass before it is short of top-p, so the most likely one always does.
  const isInTopP = g.less(g.sub(ends, kept), g.mul(lastColumn(g, ends), topP!));
  const cut = g.cumSum(g.where(isInTopP, kept, 0), 1);
  const choice = g.cast(firstAbove(g, cut, g.mul(lastColumn(g, cut), uniforms)), 'int64');
  if (options.target !== 'webgpu') return g.cast(g.gatherElements(indices, choice), 'float32');
  const ids = g.expand(columnNumbers(g, logprobs), logprobs.shape);
  return g.gatherElements(g.gatherElements(ids, indices), choice);
}

/** The first column whose running sum is above `target` [B, 1]: float32 [B, 1]. */
function firstAbove(g: GraphBuilder, ends: Value, target: Value): Value {
  return g.reduceSum(g.cast(g.lessOrEqual(ends, target), 'float32'), [-1], true);
}

/** The first of a row's largest columns: float32 [B, 1]. */
function firstBest(g: GraphBuilder, { target }: SamplerOptions, x: Value): Value {
  if (target !== 'webgpu') return g.cast(g.argMax(x), 'float32');
  const isBest = g.lessOrEqual(g.reduceMax(x, [-1], true), x);
  const fromEnd = g.sub(x.shape[1] as number, columnNumbers(g, x));
  return g.sub(x.shape[1] as number, g.reduceMax(g.where(isBest, fromEnd, 0), [-1], true));
}

/** 0, 1, ... W - 1 as float32 [1, W]. */
function columnNumbers(g: GraphBuilder, { shape }: Value): Value {
  const width = shape[1] as number;
  return g.constant(
    'float32',
    [1, width],
    Array.from({ length: width }, (_, column) => column),
  );
}

function lastColumn(g: GraphBuilder, x: Value): Value {
  const width = x.shape[1] as number;
  return g.slice(x, 1, width - 1, width);
}

/** 0, 1, ... B - 1 as int64 [B, 1]. */
function rowNumbers(g: GraphBuilder): Value {
  return g.sub(g.cumSum(g.fill(1, 'int64', ['B', 1]), 0), 1);
}
