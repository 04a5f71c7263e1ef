// R scored tokens, C rows of the output head (a run of the vocabulary), D hidden.
import { GraphBuilder, gradients, serializeGraph, type Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { appendLoss, type LossKind } from './loss-graph.ts';

/** The output head over one run of the vocabulary, so that R × V logits never exist at once. */
export interface HeadGraphs {
  /**
   * Partial sums of a softmax: `max` m of the chunk's logits l, `sum` of exp(l - m), `weighted` sum of
   * exp(l - m) (l - m), and `picked`, the logit of the target; all [R, 1].
   */
  readonly forward: Uint8Array;
  /**
   * From `max` m of all logits, `dPower`, the gradient of each exp(l - m), and `dPicked`, that of the target's
   * logit beside it (0 where the chunk has no target), all [R, 1], to `d.hidden` [R, D], the chunk's part of a
   * sum, and, where the head trains, `d.head` [C, D], which is whole. The logits are computed again.
   */
  readonly backward: Uint8Array;
}

/** The output head's graphs, for any number of rows R and vocabulary entries C; `trains.head` adds the head's gradient. */
export function headGraphs(config: ModelConfig, trains: { head: boolean }): HeadGraphs {
  return { forward: headForward(config), backward: headBackward(config, trains.head) };
}

/** What both passes read: `targets` int64 [R, 1] count from the chunk's first row, any row where it has none. */
function headInputs(g: GraphBuilder, { hiddenSize: D }: ModelConfig) {
  const hidden = g.input('hidden', 'float32', ['R', D]);
  const head = g.input('head', 'float32', ['C', D]);
  const targets = g.input('targets', 'int64', ['R', 1]);
  const temperature = g.input('temperature', 'float32', [1]);
  const scaled = g.div(hidden, temperature);
  const logits = g.gemm(scaled, head, { transB: true });
  return { head, targets, temperature, scaled, logits };
}

function headForward(config: ModelConfig): Uint8Array {
  const g = new GraphBuilder();
  const { targets, logits } = headInputs(g, config);
  const max = g.reduceMax(logits, [-1], true);
  const shifted = g.sub(logits, max);
  const powers = g.exp(shifted);
  // Sums are products with ones, as in `scoredForward`.
  const ones = g.fill(1, 'float32', ['C', 1]);
  g.output('max', max);
  g.output('sum', g.matMul(powers, ones));
  g.output('weighted', g.matMul(g.mul(powers, shifted), ones));
  g.output('picked', g.gatherElements(logits, targets));
  return serializeGraph(g, 'head');
}

/** d logprob / d logit = (1 at the target) - exp(l - m) / sum, so no autodiff is needed, nor its temporaries. */
function headBackward(config: ModelConfig, isTrained: boolean): Uint8Array {
  const g = new GraphBuilder();
  const { head, targets, temperature, scaled, logits } = headInputs(g, config);
  const column = (name: string): Value => g.input(name, 'float32', ['R', 1]);
  const spread = g.mul(g.exp(g.sub(logits, column('max'))), column('dPower'));
  const dLogits = g.scatterAddElements(spread, targets, column('dPicked'));
  g.output('d.hidden', g.div(g.gemm(dLogits, head), temperature));
  if (isTrained) g.output('d.head', g.gemm(dLogits, scaled, { transA: true }));
  return serializeGraph(g, 'head backward');
}

/** The loss of given `logprobs` [R] with its inputs (see `appendLoss`): `loss`, and `d.logprobs` [R]. */
export function lossGraph(loss: LossKind): Uint8Array {
  const g = new GraphBuilder();
  const logprobs = g.input('logprobs', 'float32', ['R']);
  const value = appendLoss(g, logprobs, loss);
  g.output('loss', value);
  g.output('d.logprobs', gradients(g, value, [logprobs])[0]!);
  return serializeGraph(g, 'loss');
}
