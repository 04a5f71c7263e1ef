// N tokens of all sequences end to end, Q queries and S keys of one sequence, D hidden, H query heads,
// J key/value heads, G = H / J, K head dim, R rows that are wanted after the last layer.
import type { AdapterOptions } from '@mgrpo/algorithm';
import type { GraphBuilder, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { layerWeightInputs } from './graph-weights.ts';
import { trainedLayerLinear } from './linear.ts';
import { type Stage, type StageGraphs, stageGraphs } from './stage.ts';
import { itself } from './trained.ts';
import { mlp } from './transformer.ts';

/** The weights of a layer that its first and its last stage read. */
export const projectWeights = [
  'attentionNorm',
  'q',
  'k',
  'v',
  'qBias',
  'kBias',
  'vBias',
  'qNorm',
  'kNorm',
] as const;
export const finishWeights = ['output', 'mlpNorm', 'gate', 'up', 'down'] as const;

/**
 * A transformer's layer as three stages, and the norm after the last one.
 *
 * Sequences lie end to end without padding, tokens first, heads within: any run of tokens is a view. Weights
 * are inputs, so the graphs of one layer serve all of them.
 */
export interface LayerStages {
  /** `x` [N, D] and `positions` [N, 1] to `queries` [N, H*K], `keys` and `values` [N, J*K], rotated. */
  readonly project: StageGraphs;
  /** A block of `queries` and the `keys` and `values` up to its end to `attended` [Q, H*K]. */
  readonly attend: StageGraphs;
  /** `attended` and the residual `x` to the layer's result `y` [N, D]. */
  readonly finish: StageGraphs;
  /** `x` [R, D] to `hidden`, which the output head reads. */
  readonly norm: StageGraphs;
}

/** @param adapter where given, its matrices are inputs too, and get the gradients instead of the (merged) weights */
export function layerStages(
  config: ModelConfig,
  adapter: AdapterOptions | null = null,
): LayerStages {
  return {
    project: stageGraphs('project', (g) => project(g, config, adapter)),
    attend: stageGraphs('attend', (g) => attend(g, config)),
    finish: stageGraphs('finish', (g) => finish(g, config, adapter)),
    norm: stageGraphs('norm', (g) => {
      const x = g.input('x', 'float32', ['R', config.hiddenSize]);
      const norm = g.input('norm', 'float32', [config.hiddenSize]);
      return {
        trained: [x, ...(adapter === null ? [norm] : [])].map(itself),
        outputs: { hidden: g.rmsNorm(x, norm, config.rmsNormEps) },
      };
    }),
  };
}

function project(g: GraphBuilder, config: ModelConfig, adapter: AdapterOptions | null): Stage {
  const { numHeads: H, numKvHeads: J, headDim: K, hiddenSize: D, rmsNormEps } = config;
  const x = g.input('x', 'float32', ['N', D]);
  const positions = g.input('positions', 'int64', ['N', 1]);
  const cos = g.input('cos', 'float32', ['P', K / 2]);
  const sin = g.input('sin', 'float32', ['P', K / 2]);
  const layer = layerWeightInputs(g, config, projectWeights);
  const { linear, trained } = trainedLayerLinear(g, config, layer, adapter);
  const normed = g.rmsNorm(x, layer.attentionNorm, rmsNormEps);
  const heads = (weight: Value, bias: Value | null): Value =>
    linear(normed, weight, bias ?? undefined);
  const rotated = (v: Value, weight: Value | null, count: number): Value => {
    const perHead = g.reshape(v, ['N', count, K]);
    const unit = weight === null ? perHead : g.rmsNorm(perHead, weight, rmsNormEps);
    // N sequences of one token: ONNX Runtime takes no sequence longer than the tables.
    const rotary = g.rotary(g.reshape(unit, ['N', 1, count * K]), positions, cos, sin);
    return g.reshape(rotary, ['N', count * K]);
  };
  const outputs = {
    queries: rotated(heads(layer.q, layer.qBias), layer.qNorm, H),
    keys: rotated(heads(layer.k, layer.kBias), layer.kNorm, J),
    values: heads(layer.v, layer.vBias),
  };
  return { trained: [itself(x), ...trained()], outputs };
}

/** Causal: the last query sees all S keys, the one before it all but the last. */
function attend(g: GraphBuilder, config: ModelConfig): Stage {
  const { numHeads: H, numKvHeads: J, headDim: K } = config;
  const queries = g.input('queries', 'float32', ['Q', H * K]);
  const keys = g.input('keys', 'float32', ['S', J * K]);
  const values = g.input('values', 'float32', ['S', J * K]);
  const rows = `${H / J}*Q`;
  const byHead = (v: Value): Value => g.transpose(g.reshape(v, ['S', J, K]), [1, 0, 2]);
  const grouped = g.reshape(g.transpose(g.reshape(queries, ['Q', J, H / J, K]), [1, 2, 0, 3]), [
    J,
    rows,
    K,
  ]);
  const scores = g.matMul(grouped, byHead(keys), { transB: true, alpha: 1 / Math.sqrt(K) });
  const firstHidden = g.add(g.sub(g.extent('S'), g.extent('Q')), 1);
  const mask = g.upperTriangle(g.fill(-1e9, 'float32', ['Q', 'S']), firstHidden);
  const probabilities = g.softmax(g.add(g.reshape(scores, [H, 'Q', 'S']), mask));
  const mixed = g.matMul(g.reshape(probabilities, [J, rows, 'S']), byHead(values));
  const tokensFirst = g.transpose(g.reshape(mixed, [J, H / J, 'Q', K]), [2, 0, 1, 3]);
  return {
    trained: [queries, keys, values].map(itself),
    outputs: { attended: g.reshape(tokensFirst, ['Q', H * K]) },
  };
}

function finish(g: GraphBuilder, config: ModelConfig, adapter: AdapterOptions | null): Stage {
  const { numHeads: H, headDim: K, hiddenSize: D } = config;
  const attended = g.input('attended', 'float32', ['N', H * K]);
  const x = g.input('x', 'float32', ['N', D]);
  const layer = layerWeightInputs(g, config, finishWeights);
  const { linear, trained } = trainedLayerLinear(g, config, layer, adapter);
  const joined = linear(attended, layer.output, x);
  const outputs = { y: mlp(g, config, layer, joined, linear) };
  return { trained: [itself(attended), itself(x), ...trained()], outputs };
}
