import { backward, GraphBuilder, serializeGraph, type Value } from '@mgrpo/onnx';
import { gradientsOf, type Trained } from './trained.ts';

/** A part of a model between two boundaries, where tensors pass from one graph to the next. */
export interface Stage {
  /** What gets a gradient: activations and weights, or the matrices of an adapter. */
  readonly trained: readonly Trained[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** A stage as two graphs, ready for `openSession`. */
export interface StageGraphs {
  readonly name: string;
  readonly forward: Uint8Array;
  /**
   * From the forward graph's inputs and `d.<output>` for each output to `d.<input>` for what trains. What the
   * gradient needs of the forward pass is computed again inside, so nothing is kept between the two.
   */
  readonly backward: Uint8Array;
}

/** Builds a stage's graphs. @param build appends the stage to a graph, inputs included */
export function stageGraphs(name: string, build: (g: GraphBuilder) => Stage): StageGraphs {
  return { name, forward: forwardGraph(name, build), backward: backwardGraph(name, build) };
}

function forwardGraph(name: string, build: (g: GraphBuilder) => Stage): Uint8Array {
  const g = new GraphBuilder();
  for (const [output, value] of Object.entries(build(g).outputs)) g.output(output, value);
  return serializeGraph(g, name);
}

function backwardGraph(name: string, build: (g: GraphBuilder) => Stage): Uint8Array {
  const g = new GraphBuilder();
  const { trained, outputs } = build(g);
  const seeds = Object.entries(outputs).map(([output, value]) => ({
    value,
    gradient: g.input(`d.${output}`, value.dtype, value.shape),
  }));
  const gradients = gradientsOf(trained, (values) => backward(g, seeds, values));
  for (const [i, { input }] of trained.entries()) g.output(`d.${input.name}`, gradients[i]!);
  return serializeGraph(g, `${name} backward`);
}
