export { type Architecture, type ModelConfig, parseModelConfig } from './config.ts';
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
export { numParameters, type ParameterSpec, parameterSpecs } from './parameters.ts';
