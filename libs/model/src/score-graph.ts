import { GraphBuilder, serializeGraph } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import type { GraphVariant } from './gradients-graph.ts';
import { scoredForward } from './token-logprobs.ts';

/**
 * The `score` graph: `logprobs` and `entropies` [R] of given tokens, and their `logits` [R, V].
 *
 * Logits are large: leave them out of the fetched outputs unless they are wanted.
 */
export function scoreGraph(
  config: ModelConfig,
  { target = 'cpu', compute = 'float32' }: Partial<Omit<GraphVariant, 'adapter'>> = {},
): Uint8Array {
  const g = new GraphBuilder();
  const { logits, logprobs, entropies } = scoredForward(g, config);
  g.output('logprobs', logprobs);
  g.output('entropies', entropies);
  g.output('logits', logits);
  return serializeGraph(g, 'score', target, compute);
}
