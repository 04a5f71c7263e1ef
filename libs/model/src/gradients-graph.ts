import {
  GraphBuilder,
  type GraphTarget,
  gradients,
  multiplyDims,
  serializeGraph,
} from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { listWeights } from './graph-weights.ts';
import { appendLoss, type LossKind } from './loss-graph.ts';
import { scoredForward } from './token-logprobs.ts';

/**
 * The `gradients` graph: forward, loss and backward of one microbatch in one run.
 *
 * Outputs: `gradient`, one array in the order of the flat weights (every fetched output costs a copy and an
 * allocation, so there is one); `loss`, the microbatch's share of the step's loss; `logprobs` and
 * `entropies` [R], from which the step's statistics are computed.
 */
export function gradientsGraph(
  config: ModelConfig,
  loss: LossKind,
  target: GraphTarget = 'cpu',
): Uint8Array {
  const g = new GraphBuilder();
  const { weights, logprobs, entropies } = scoredForward(g, config);
  const lossValue = appendLoss(g, logprobs, loss);
  const parts = gradients(g, lossValue, listWeights(weights));
  const flat = parts.map((part) => g.reshape(part, [multiplyDims(1, ...part.shape)]));
  g.output('gradient', g.concat(flat, 0));
  g.output('loss', lossValue);
  g.output('logprobs', logprobs);
  g.output('entropies', entropies);
  return serializeGraph(g, 'gradients', target);
}
