import type { StepTotals } from '@mgrpo/algorithm';
import { deviceGradientsGraph, type ModelConfig, sumGraph } from '@mgrpo/model';
import {
  ByRank,
  type Feeds as DeviceFeeds,
  type DeviceSession,
  type DeviceTensor,
  type MixedSession,
  openDeviceSession,
  openMixedSession,
} from '@mgrpo/runtime';
import { DeviceTensors } from './device-tensors.ts';
import type { ReferencedSequence } from './gradient-pass.ts';
import { runMicrobatches, type StepControl, type StepScores } from './microbatch-runs.ts';
import type { Rotary } from './model-feeds.ts';
import type { GradientOptions } from './training-options.ts';

/** The gradient pass of `WholePass` on WebGPU: weights are read and gradients added up in the memory of the device. */
export class DevicePass {
  readonly #session: MixedSession;
  /** The input that a gradient belongs to, by the gradient's name. */
  readonly #inputOf: ReadonlyMap<string, string>;
  readonly #options: GradientOptions;
  readonly #rotary: Rotary;
  readonly #add = new ByRank<DeviceSession>((shape) => openDeviceSession(sumGraph(shape), 'sum'));

  private constructor(
    session: MixedSession,
    inputOf: ReadonlyMap<string, string>,
    { options, rotary }: { options: GradientOptions; rotary: Rotary },
  ) {
    this.#session = session;
    this.#inputOf = inputOf;
    this.#options = options;
    this.#rotary = rotary;
  }

  static async open(
    config: ModelConfig,
    options: GradientOptions,
    rotary: Rotary,
  ): Promise<DevicePass> {
    const { graph, inputOf } = deviceGradientsGraph(config, options.loss, {
      adapter: options.adapter,
      compute: options.compute ?? 'float32',
    });
    const session = await openMixedSession(graph, 'gradients', [...inputOf.keys()]);
    return new DevicePass(session, inputOf, { options, rotary });
  }

  /**
   * The gradient of a step's loss, which is the caller's to dispose of; see `GradientPass.run`.
   *
   * @param weights what the graph reads, in the memory of the device
   */
  async run(
    weights: DeviceFeeds,
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    { signal, lossScale }: StepControl,
  ): Promise<StepScores & { readonly gradient: DeviceTensors }> {
    const parts = { options: this.#options, rotary: this.#rotary };
    const runs = { sequences, totals, ...parts, signal, lossScale };
    const gradient = new DeviceTensors();
    try {
      const result = await runMicrobatches(runs, async (feeds) => {
        const { kept, fetched } = await this.#session.run({ ...weights, ...feeds });
        for (const [name, input] of this.#inputOf) await this.#addTo(gradient, input, kept[name]!);
        return fetched;
      });
      return { ...result, gradient };
    } catch (error) {
      gradient.dispose();
      throw error;
    }
  }

  async #addTo(gradient: DeviceTensors, input: string, share: DeviceTensor): Promise<void> {
    const before = gradient.get(input);
    if (before === undefined) {
      gradient.set(input, share);
      return;
    }
    const session = await this.#add.of(share.dims);
    const { sum } = await session.run({ a: before, b: share });
    share.dispose();
    gradient.set(input, sum!);
  }

  get movedBytes(): number {
    return this.#session.movedBytes + this.#add.movedBytes;
  }

  async close(): Promise<void> {
    await this.#session.close();
    await this.#add.close();
  }
}
