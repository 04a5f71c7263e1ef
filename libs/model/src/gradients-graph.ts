import type { AdapterOptions } from '@mgrpo/algorithm';
import {
  type Compute,
  GraphBuilder,
  type GraphTarget,
  gradients,
  multiplyDims,
  serializeGraph,
  type Value,
} from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { appendLoss, type LossKind } from './loss-graph.ts';
import { scoredForward } from './token-logprobs.ts';
import { gradientsOf, type Trained } from './trained.ts';

/** Forms of one graph. */
export interface GraphVariant {
  readonly adapter: AdapterOptions | null;
  readonly target: GraphTarget;
  readonly compute: Compute;
}

/**
 * The `gradients` graph: forward, loss and backward of one microbatch in one run.
 *
 * Outputs: `gradient`, one array in the order of the flat weights (every fetched output costs a copy and an
 * allocation, so there is one); `loss`, the microbatch's share of the step's loss; `logprobs` and
 * `entropies` [R], from which the step's statistics are computed.
 *
 * In float16 there is one more input, `lossScale` [], by which gradients are multiplied: small ones would vanish on
 * their way. The loss is not.
 *
 * @param adapter where given, the gradient is that of the flat adapter, and those of the weights are never made
 */
export function gradientsGraph(
  config: ModelConfig,
  loss: LossKind,
  { adapter = null, target = 'cpu', compute = 'float32' }: Partial<GraphVariant> = {},
): Uint8Array {
  const g = new GraphBuilder();
  const { parts } = lossAndGradients(g, config, loss, { adapter, compute });
  const flat = parts.map((part) => g.reshape(part, [multiplyDims(1, ...part.shape)]));
  g.output('gradient', g.concat(flat, 0));
  return serializeGraph(g, 'gradients', target, compute);
}

/** A graph whose gradients stay apart. */
interface ApartGradients {
  readonly graph: Uint8Array;
  /** The input that each gradient belongs to, by the gradient's name, in the order of the flat array. */
  readonly inputOf: ReadonlyMap<string, string>;
}

/** The same for WebGPU, where gradients stay: one output for each tensor that trains, so that none is larger than it. */
export function deviceGradientsGraph(
  config: ModelConfig,
  loss: LossKind,
  { adapter, compute }: Omit<GraphVariant, 'target'>,
): ApartGradients {
  const g = new GraphBuilder();
  const { trained, parts } = lossAndGradients(g, config, loss, { adapter, compute });
  const inputOf = new Map(trained.map(({ input: { name } }) => [`d.${name}`, name]));
  for (const [i, name] of [...inputOf.keys()].entries()) g.output(name, parts[i]!);
  return { graph: serializeGraph(g, 'gradients', 'webgpu', compute), inputOf };
}

/** Appends forward, loss and backward, and all outputs but the gradients. */
function lossAndGradients(
  g: GraphBuilder,
  config: ModelConfig,
  loss: LossKind,
  { adapter, compute }: Omit<GraphVariant, 'target'>,
): { trained: readonly Trained[]; parts: readonly Value[] } {
  const { trained, logprobs, entropies } = scoredForward(g, config, adapter);
  const lossValue = appendLoss(g, logprobs, loss);
  const scaled =
    compute === 'float32' ? lossValue : g.mul(lossValue, g.input('lossScale', 'float32', []));
  const parts = gradientsOf(trained, (values) => gradients(g, scaled, values));
  g.output('loss', lossValue);
  g.output('logprobs', logprobs);
  g.output('entropies', entropies);
  return { trained, parts };
}
