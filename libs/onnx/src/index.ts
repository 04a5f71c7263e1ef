export { GraphBuilder, type Operand } from './builder.ts';
export { addDims, canonicalDim, type Dim, multiplyDims, type Shape, sameShape } from './dim.ts';
export { type GradientRule, gradientRules } from './gradient-rules.ts';
export { backward, gradients, type Seed } from './gradients.ts';
export type { Attribute, Attributes, Constant, DType, Graph, Node, Value } from './graph.ts';
export { int } from './graph.ts';
export { type Compute, type GraphTarget, serializeGraph } from './serialize.ts';
