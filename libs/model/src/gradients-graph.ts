import type { AdapterOptions } from '@mgrpo/algorithm';
import {
  GraphBuilder,
  type GraphTarget,
  gradients,
  multiplyDims,
  serializeGraph,
} from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { appendLoss, type LossKind } from './loss-graph.ts';
import { scoredForward } from './token-logprobs.ts';

/**
 * The `gradients` graph: forward, loss and backward of one microbatch in one run.
 *
 * Outputs: `gradient`, one array in the order of the flat weights (every fetched output costs a copy and an
 * allocation, so there is one); `loss`, the microbatch's share of the step's loss; `logprobs` and
 * `entropies` [R], from which the step's statistics are computed.
 *
 * @param adapter where given, the gradient is that of the flat adapter, and those of the weights are never made
 */
export function gradientsGraph(
  config: ModelConfig,
  loss: LossKind,
  {
    adapter = null,
    target = 'cpu',
  }: { adapter?: AdapterOptions | null; target?: GraphTarget } = {},
): Uint8Array {
  const g = new GraphBuilder();
  const { trained, logprobs, entropies } = scoredForward(g, config, adapter);
  const lossValue = appendLoss(g, logprobs, loss);
  const parts = gradients(g, lossValue, trained);
  const flat = parts.map((part) => g.reshape(part, [multiplyDims(1, ...part.shape)]));
  g.output('gradient', g.concat(flat, 0));
  g.output('loss', lossValue);
  g.output('logprobs', logprobs);
  g.output('entropies', entropies);
  return serializeGraph(g, 'gradients', target);
}
