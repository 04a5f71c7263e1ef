import type { StepTotals } from '@mgrpo/algorithm';
import {
  adaptedWeights,
  blendGraph,
  type ModelConfig,
  mergeGraph,
  numParameters,
  weightArrays,
} from '@mgrpo/model';
import {
  ByRank,
  type Feeds as DeviceFeeds,
  type DeviceSession,
  Downloader,
  freeArrays,
  openDeviceSession,
  tensor,
} from '@mgrpo/runtime';
import type { AdamwOptions } from './adamw.ts';
import { DeviceAdamw } from './device-adamw.ts';
import { DevicePass } from './device-pass.ts';
import { DeviceTensors } from './device-tensors.ts';
import type { ReferencedSequence } from './gradient-pass.ts';
import type { GradientScores, LiveState, ScoringWeights, StateInit } from './live-state.ts';
import type { StepControl } from './microbatch-runs.ts';
import { DeviceRotary } from './model-feeds.ts';
import { requireWhole } from './open-passes.ts';
import { type ScoreOptions, Scorer } from './scorer.ts';
import { StoredWeights } from './stored-weights.ts';
import type { TokenScores } from './token-scores.ts';
import { numTrained, requireAdapter, trainedArrays } from './trained-part.ts';
import type { TrainerState } from './trainer-state.ts';
import type { GradientOptions } from './training-options.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** The arrays of a trainer's state as tensors of a device. */
interface StateTensors {
  readonly policy: DeviceTensors;
  readonly momentum: DeviceTensors;
  readonly reference: DeviceTensors | null;
  readonly adapter: DeviceTensors | null;
  readonly firstMoment: DeviceTensors;
  readonly secondMoment: DeviceTensors;
}

interface DeviceParts {
  readonly rotary: DeviceRotary;
  readonly pass: DevicePass;
  readonly adamw: DeviceAdamw;
  readonly scorer: Scorer;
  /** Adds an adapter to a weight; null where there is none. */
  readonly merge: DeviceSession | null;
}

/**
 * State in the memory of a WebGPU device. Of a step only tokens, their scores, the loss and one number for each tensor
 * travel; weights and moments do where they are asked for.
 *
 * Updates are float32 throughout, where `HostState` computes each element in float64 and rounds once.
 */
export class DeviceState implements LiveState {
  readonly #model: ModelConfig;
  readonly #options: GradientOptions;
  readonly #tensors: StateTensors;
  readonly #parts: DeviceParts;
  readonly #downloader = new Downloader();
  readonly #blend = new ByRank<DeviceSession>((shape) =>
    openDeviceSession(blendGraph(shape), 'blend'),
  );
  #gradient = new DeviceTensors();

  private constructor(
    model: ModelConfig,
    options: GradientOptions,
    { tensors, parts }: { tensors: StateTensors; parts: DeviceParts },
  ) {
    this.#model = model;
    this.#options = options;
    this.#tensors = tensors;
    this.#parts = parts;
  }

  static async open(
    init: Omit<StateInit, 'device'>,
    options: GradientOptions,
  ): Promise<DeviceState> {
    requireWhole(options.recompute, 'webgpu');
    const { model } = init;
    const { adapter } = options;
    if (adapter !== null) requireAdapter(init);
    const rotary = await DeviceRotary.open(model);
    const parts = {
      rotary,
      pass: await DevicePass.open(model, options, rotary),
      adamw: await DeviceAdamw.open(),
      scorer: await Scorer.open(model, 'webgpu', { rotary, compute: options.compute }),
      merge: adapter === null ? null : await openDeviceSession(mergeGraph(adapter), 'merge'),
    };
    const tensors = await uploadState(init, options);
    return new DeviceState(model, options, { tensors, parts });
  }

  async differentiate(
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    control: StepControl,
  ): Promise<GradientScores> {
    const { pass, adamw } = this.#parts;
    this.#gradient.dispose();
    const { gradient, ...scores } = await pass.run(this.#read(), sequences, totals, control);
    this.#gradient = gradient;
    return { ...scores, norm: await adamw.norm(gradient) };
  }

  async update(options: AdamwOptions): Promise<void> {
    const { policy, adapter, firstMoment, secondMoment } = this.#tensors;
    const state = { weights: adapter ?? policy, firstMoment, secondMoment };
    await this.#parts.adamw.step(state, this.#gradient, options);
    await this.#merge();
  }

  /** Of the two distances to go the shorter one, which loses less to rounding, is taken. */
  async updateMomentum(coefficient: number): Promise<void> {
    const { momentum, policy } = this.#tensors;
    const isNear = coefficient >= 0.5;
    const share = tensor(Float32Array.of(isNear ? 1 - coefficient : coefficient), [1]);
    for (const [name, own] of momentum.entries()) {
      const other = policy.get(name)!;
      const [from, to] = isNear ? [own, other] : [other, own];
      const session = await this.#blend.of(own.dims);
      momentum.set(name, (await session.run({ from, to, share })).mix!);
    }
  }

  score(
    sequences: readonly ScoredSequence[],
    weights: ScoringWeights,
    options: ScoreOptions,
  ): Promise<TokenScores[]> {
    return this.#parts.scorer.score(this.#tensors[weights]?.feeds ?? {}, sequences, options);
  }

  gradient(): Promise<Float32Array> {
    return this.#downloadTrained(this.#gradient);
  }

  async weights(): Promise<Pick<TrainerState, 'policy' | 'momentum'>> {
    const { policy, momentum } = this.#tensors;
    return {
      policy: await this.#downloadWeights(policy),
      momentum: await this.#downloadWeights(momentum),
    };
  }

  async arrays(): Promise<Omit<TrainerState, 'optimizerSteps' | 'lossScale'>> {
    const { adapter, firstMoment, secondMoment } = this.#tensors;
    return {
      ...(await this.weights()),
      adapter: adapter === null ? null : await this.#downloadTrained(adapter),
      firstMoment: await this.#downloadTrained(firstMoment),
      secondMoment: await this.#downloadTrained(secondMoment),
    };
  }

  /** Bytes that went between this process and the device since the state was brought there. */
  get movedBytes(): number {
    const { rotary, pass, adamw, scorer, merge } = this.#parts;
    const moving = [rotary, pass, adamw, scorer, this.#downloader, this.#blend];
    return moving.reduce((sum, { movedBytes }) => sum + movedBytes, merge?.movedBytes ?? 0);
  }

  async close(): Promise<void> {
    this.#gradient.dispose();
    for (const tensors of Object.values(this.#tensors)) tensors?.dispose();
    const { rotary, pass, adamw, scorer, merge } = this.#parts;
    for (const part of [rotary, pass, adamw, scorer, this.#downloader, this.#blend]) {
      await part.close();
    }
    await merge?.close();
    for (const tensors of Object.values(this.#tensors)) await tensors?.close();
  }

  /** What the gradients graph reads. */
  #read(): DeviceFeeds {
    const { policy, adapter } = this.#tensors;
    return { ...policy.feeds, ...adapter?.feeds };
  }

  /** `W + (alpha / r) B A` of every adapted weight, into the policy. */
  async #merge(): Promise<void> {
    const { policy, reference, adapter } = this.#tensors;
    const { merge } = this.#parts;
    const { adapter: options } = this.#options;
    if (merge === null || options === null || adapter === null || reference === null) return;
    for (const { weight, a, b } of adaptedWeights(this.#model, options)) {
      const { merged } = await merge.run({
        weight: reference.get(weight.name)!,
        a: adapter.get(a.input)!,
        b: adapter.get(b.input)!,
      });
      policy.set(weight.name, merged!);
    }
  }

  async #downloadWeights(tensors: DeviceTensors): Promise<Float32Array> {
    const flat = new Float32Array(numParameters(this.#model));
    await this.#fill(weightArrays(this.#model, flat), tensors);
    return flat;
  }

  async #downloadTrained(tensors: DeviceTensors): Promise<Float32Array> {
    const { adapter } = this.#options;
    const flat = new Float32Array(numTrained(this.#model, adapter));
    await this.#fill(trainedArrays(this.#model, adapter, flat), tensors);
    return flat;
  }

  async #fill(views: ReturnType<typeof trainedArrays>, tensors: DeviceTensors): Promise<void> {
    for (const { name, data } of views) {
      const numbers = await this.#downloader.download(tensors.get(name)!);
      data.set(numbers);
      freeArrays([numbers]);
    }
  }
}

/** Brings a state to the device; its arrays are emptied here, where nothing else shares their memory. */
async function uploadState(
  { model, state, reference }: Omit<StateInit, 'device'>,
  { adapter: options }: GradientOptions,
): Promise<StateTensors> {
  const { policy, momentum, adapter, firstMoment, secondMoment } = state;
  const upload = (flat: Float32Array) => DeviceTensors.upload(weightArrays(model, flat));
  const uploadTrained = (flat: Float32Array) =>
    DeviceTensors.upload(trainedArrays(model, options, flat));
  const tensors = {
    policy: await upload(policy),
    momentum: await upload(momentum),
    reference: await uploadReference(model, reference),
    adapter: adapter === null ? null : await uploadTrained(adapter),
    firstMoment: await uploadTrained(firstMoment),
    secondMoment: await uploadTrained(secondMoment),
  };
  const taken = [
    policy,
    momentum,
    firstMoment,
    secondMoment,
    ...(adapter === null ? [] : [adapter]),
  ];
  freeArrays(taken.filter((array) => array.byteLength === array.buffer.byteLength));
  return tensors;
}

/** One that is stored is read once: from here on the device holds it. */
async function uploadReference(
  model: ModelConfig,
  reference: StateInit['reference'],
): Promise<DeviceTensors | null> {
  if (reference === null) return null;
  if (reference instanceof Float32Array)
    return DeviceTensors.upload(weightArrays(model, reference));
  return new StoredWeights(model, reference).withFeeds((feeds) =>
    DeviceTensors.upload(
      Object.entries(feeds).map(([name, { dims, data }]) => ({
        name,
        dims,
        data: data as Float32Array,
      })),
    ),
  );
}
