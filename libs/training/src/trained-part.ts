import type { AdapterOptions } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import {
  adaptedWeights,
  adapterArrays,
  type ModelConfig,
  mergeGraph,
  numAdapterParameters,
  numParameters,
  weightArrays,
} from '@mgrpo/model';
import { freeArrays, openSession, type Session, tensor } from '@mgrpo/runtime';
import { type Feeds, weightFeeds } from './model-feeds.ts';
import { stageSession } from './staged-layers.ts';
import type { StoredReference } from './stored-weights.ts';
import type { TrainerState } from './trainer-state.ts';

/** The length of what the optimiser moves: all weights, or an adapter. */
export function numTrained(model: ModelConfig, adapter: AdapterOptions | null): number {
  return adapter === null ? numParameters(model) : numAdapterParameters(model, adapter);
}

/** A flat array of what the optimiser moves, as views by the names of its graph inputs. */
export function trainedArrays(
  model: ModelConfig,
  adapter: AdapterOptions | null,
  flat: Float32Array,
): ReturnType<typeof weightArrays> {
  return adapter === null ? weightArrays(model, flat) : adapterArrays(model, adapter, flat);
}

/** What the optimiser moves, and how the policy follows it. */
export interface TrainedPart {
  /** Flat; updated in place. */
  readonly weights: Float32Array;
  /** What a gradient pass reads: the policy, with an adapter its matrices too. */
  readonly feeds: Feeds;
  /** Brings the policy up to `weights` after they have changed. */
  updatePolicy(): Promise<void>;
  close(): Promise<void>;
}

/** A trainer's model, its state and the weights it began with. */
interface TrainedModel {
  readonly model: ModelConfig;
  readonly state: TrainerState;
  /** The frozen initial policy; in memory under an adapter. */
  readonly reference: Float32Array | StoredReference | null;
}

/** @throws MgrpoError INTERNAL where an adapter has no weights to sit on */
export function requireAdapter({ state, reference }: Omit<TrainedModel, 'model'>): {
  adapter: Float32Array;
  reference: Float32Array;
} {
  const { adapter } = state;
  if (adapter !== null && reference instanceof Float32Array) return { adapter, reference };
  throw new MgrpoError('INTERNAL', 'an adapter trains on the initial weights; give both');
}

/**
 * What of the model trains: all weights without `options`, else A and B of the adapter over the frozen reference.
 *
 * @throws MgrpoError INTERNAL where an adapter has no weights to sit on
 */
export async function openTrainedPart(
  { model, state, reference }: TrainedModel,
  options: AdapterOptions | null,
): Promise<TrainedPart> {
  const { policy } = state;
  if (options === null) {
    const nothing = async () => {};
    const feeds = weightFeeds(model, policy);
    return { weights: policy, feeds, updatePolicy: nothing, close: nothing };
  }
  const { adapter, reference: base } = requireAdapter({ state, reference });
  const session = await openSession(mergeGraph(options), { ...stageSession, name: 'merge' });
  const matrices = trainedArrays(model, options, adapter);
  return {
    weights: adapter,
    feeds: {
      ...weightFeeds(model, policy),
      ...Object.fromEntries(matrices.map(({ name, dims, data }) => [name, tensor(data, dims)])),
    },
    updatePolicy: () => merge(session, { model, options, base, adapter, policy }),
    close: () => session.close(),
  };
}

interface MergeInput {
  readonly model: ModelConfig;
  readonly options: AdapterOptions;
  readonly base: Float32Array;
  readonly adapter: Float32Array;
  /** Written to; the weights that are not adapted stay. */
  readonly policy: Float32Array;
}

/** `W + (alpha / r) B A` of every adapted weight, into the policy. */
async function merge(session: Session, input: MergeInput): Promise<void> {
  const { model, options, base, adapter, policy } = input;
  for (const { weight, a, b } of adaptedWeights(model, options)) {
    const size = weight.shape.reduce((product, dim) => product * dim, 1);
    const end = weight.offset + size;
    const matrix = ({ offset, size, shape }: typeof a) =>
      tensor(adapter.subarray(offset, offset + size), shape);
    const outputs = await session.run({
      weight: tensor(base.subarray(weight.offset, end), weight.shape),
      a: matrix(a),
      b: matrix(b),
    });
    const merged = outputs.merged!.data as Float32Array;
    policy.set(merged, weight.offset);
    freeArrays([merged]);
  }
}
