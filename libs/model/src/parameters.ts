// D hidden, H query heads, J key/value heads, K head dim, F intermediate, V vocabulary.
import type { ModelConfig } from './config.ts';

/** One tensor of a model and its place in the flat weights. */
export interface ParameterSpec {
  /** Its name in Hugging Face checkpoints. */
  readonly name: string;
  /** Row major, matrices as [out, in]. */
  readonly shape: readonly number[];
  /** Index of its first element in the flat weights. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

/**
 * The parameters of a model in canonical order: the order of the flat weights.
 *
 * Within a layer the query, key and value matrices are adjacent, and so are their biases, the gate and up
 * matrices, and the q and k norms: a fused product such as [q+k+v, D] is a view of the flat array.
 */
export function parameterSpecs(config: ModelConfig): readonly ParameterSpec[] {
  const { hiddenSize: D, vocabSize: V } = config;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [V, D]]];
  for (let layer = 0; layer < config.numLayers; layer++) {
    for (const [name, shape] of layerShapes(config)) {
      shapes.push([`model.layers.${layer}.${name}`, shape]);
    }
  }
  shapes.push(['model.norm.weight', [D]]);
  if (!config.tieWordEmbeddings) shapes.push(['lm_head.weight', [V, D]]);
  let offset = 0;
  return shapes.map(([name, shape]) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    offset += size;
    return { name, shape, offset: offset - size, size };
  });
}

function layerShapes(config: ModelConfig): [string, number[]][] {
  const { hiddenSize: D, headDim: K, intermediateSize: F } = config;
  const numQ = config.numHeads * K;
  const numKv = config.numKvHeads * K;
  const shapes: [string, number[]][] = [
    ['input_layernorm.weight', [D]],
    ['self_attn.q_proj.weight', [numQ, D]],
    ['self_attn.k_proj.weight', [numKv, D]],
    ['self_attn.v_proj.weight', [numKv, D]],
  ];
  if (config.qkvBias) {
    shapes.push(['self_attn.q_proj.bias', [numQ]]);
    shapes.push(['self_attn.k_proj.bias', [numKv]], ['self_attn.v_proj.bias', [numKv]]);
  }
  if (config.qkNorm) {
    shapes.push(['self_attn.q_norm.weight', [K]], ['self_attn.k_norm.weight', [K]]);
  }
  shapes.push(['self_attn.o_proj.weight', [D, numQ]], ['post_attention_layernorm.weight', [D]]);
  shapes.push(['mlp.gate_proj.weight', [F, D]], ['mlp.up_proj.weight', [F, D]]);
  shapes.push(['mlp.down_proj.weight', [D, F]]);
  return shapes;
}

/** The number of elements of a model's flat weights. */
export function numParameters(config: ModelConfig): number {
  const last = parameterSpecs(config).at(-1)!;
  return last.offset + last.size;
}
