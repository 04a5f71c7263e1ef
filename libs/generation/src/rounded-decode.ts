import {
  decodeGraph,
  type ModelConfig,
  type Quantisation,
  quantisedViews,
  roundedConstants,
  type SamplerOptions,
} from '@mgrpo/model';
import { type Feeds, freeArrays, openSession, type Session, type Tensor } from '@mgrpo/runtime';
import type { WeightVersion } from './weight-version.ts';

/** A decode graph with the matrices of one weight version in it, rounded. */
export interface RoundedDecode {
  readonly session: Session;
  /** The weights that are inputs still: embedding, norms and biases. */
  readonly weights: Feeds;
}

/**
 * Rounds a version's matrices and compiles them into a decode graph: ONNX Runtime lays constants out for its kernels
 * once, and is slower than with float32 where it gets them as inputs.
 */
export async function openRoundedDecode(
  config: ModelConfig,
  version: WeightVersion,
  options: { sampler: SamplerOptions; quantisation: Quantisation },
): Promise<RoundedDecode> {
  const { sampler, quantisation } = options;
  const constants: Record<string, Uint8Array | Float32Array> = {};
  for (const view of quantisedViews(config)) {
    const weight = view.name === 'head' ? version.head : version.feeds[view.name]!;
    Object.assign(
      constants,
      roundedConstants(view, (weight as Tensor<Float32Array>).data, quantisation),
    );
  }
  const graph = decodeGraph(config, sampler, quantisation);
  const session = await openSession(graph, { name: 'rounded-decode', constants });
  freeArrays(Object.values(constants));
  const isInput = new Set(session.inputNames);
  const inputs = Object.entries(version.feeds).filter(([name]) => isInput.has(name));
  return { session, weights: Object.fromEntries(inputs) };
}
