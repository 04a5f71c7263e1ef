export {
  adaptedWeights,
  adapterArrays,
  adapterSpecs,
  initialAdapter,
  numAdapterParameters,
} from './adapter.ts';
export {
  type Architecture,
  type ModelConfig,
  parseEndTokenIds,
  parseModelConfig,
} from './config.ts';
export { decodeGraph, sampleGraph } from './decode-graph.ts';
export type { SamplerOptions } from './decode-sampling.ts';
export { arrangeGraph, deviceDecodeGraph } from './device-graphs.ts';
export { deviceGradientsGraph, gradientsGraph } from './gradients-graph.ts';
export {
  type LayerWeights,
  listWeights,
  type ModelWeights,
  mapWeights,
  type WeightView,
  weightArrays,
  weightInputs,
  weightViews,
} from './graph-weights.ts';
export { type HeadGraphs, headGraphs, lossGraph } from './head-graphs.ts';
export { initialWeights } from './initial-weights.ts';
export { largestOfGeneration, largestOfTraining } from './largest-tensor.ts';
export { finishWeights, type LayerStages, layerStages, projectWeights } from './layer-stages.ts';
export { mergeGraph } from './linear.ts';
export type { LossKind } from './loss-graph.ts';
export { numParameters, type ParameterSpec, parameterSpecs } from './parameters.ts';
export { prefillGraph } from './prefill-graph.ts';
export type { Quantisation } from './quantise.ts';
export {
  quantisedModelBytes,
  quantisedViews,
  roundedConstants,
  roundedProductGraph,
} from './quantised-linear.ts';
export { type RotaryTables, rotaryTables } from './rotary.ts';
export { scoreGraph } from './score-graph.ts';
export type { StageGraphs } from './stage.ts';
export { adamwGraph, adamwNumbers, blendGraph, squareGraph, sumGraph } from './update-graphs.ts';
