import { adamwGraph, adamwNumbers, squareGraph } from '@mgrpo/model';
import {
  ByRank,
  type DeviceSession,
  openDeviceSession,
  openSession,
  openUploader,
  type Session,
  tensor,
  type Uploader,
} from '@mgrpo/runtime';
import type { AdamwOptions } from './adamw.ts';
import type { DeviceTensors } from './device-tensors.ts';

/** Weights and AdamW's moments of them in the memory of a device, under the same names. */
export interface DeviceAdamwState {
  readonly weights: DeviceTensors;
  readonly firstMoment: DeviceTensors;
  readonly secondMoment: DeviceTensors;
}

/** The norm of a gradient and AdamW, one tensor after the other: beside the state there is room for one more tensor. */
export class DeviceAdamw {
  readonly #square = new ByRank<Session>((shape) =>
    openSession(squareGraph(shape), { name: 'square', device: 'webgpu', variableShapes: true }),
  );
  readonly #adamw = new ByRank<DeviceSession>((shape) =>
    openDeviceSession(adamwGraph(shape), 'adamw'),
  );
  readonly #uploader: Uploader;

  private constructor(uploader: Uploader) {
    this.#uploader = uploader;
  }

  static async open(): Promise<DeviceAdamw> {
    return new DeviceAdamw(await openUploader(adamwNumbers.map((name) => ({ name, shape: [1] }))));
  }

  /** The L2 norm: squares are summed on the device in float32, tensors here in float64, in order. */
  async norm(gradient: DeviceTensors): Promise<number> {
    let sum = 0;
    for (const [, x] of gradient.entries()) {
      const session = await this.#square.of(x.dims);
      sum += (await session.run({ x })).sum!.data[0] as number;
    }
    return Math.sqrt(sum);
  }

  /** `adamwStep` in float32. */
  async step(
    { weights, firstMoment, secondMoment }: DeviceAdamwState,
    gradient: DeviceTensors,
    options: AdamwOptions,
  ): Promise<void> {
    const numbers = await this.#uploader.upload(numbersOf(options));
    for (const [name, weight] of weights.entries()) {
      const session = await this.#adamw.of(weight.dims);
      const made = await session.run({
        ...numbers,
        weight,
        gradient: gradient.get(name)!,
        firstMoment: firstMoment.get(name)!,
        secondMoment: secondMoment.get(name)!,
      });
      weights.set(name, made.weights!);
      firstMoment.set(name, made.firstMoments!);
      secondMoment.set(name, made.secondMoments!);
    }
    for (const number of Object.values(numbers)) number.dispose();
  }

  get movedBytes(): number {
    return this.#square.movedBytes + this.#adamw.movedBytes + this.#uploader.movedBytes;
  }

  async close(): Promise<void> {
    await this.#square.close();
    await this.#adamw.close();
    await this.#uploader.close();
  }
}

function numbersOf(options: AdamwOptions) {
  const { learningRate, weightDecay, beta1, beta2, epsilon, gradientScale, step } = options;
  const numbers: Record<(typeof adamwNumbers)[number], number> = {
    gradientScale,
    beta1,
    rest1: 1 - beta1,
    beta2,
    rest2: 1 - beta2,
    rootCorrection: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
    decay: learningRate * weightDecay,
    rate: learningRate / (1 - beta1 ** step),
  };
  const feeds = Object.entries(numbers);
  return Object.fromEntries(
    feeds.map(([name, value]) => [name, tensor(Float32Array.of(value), [1])]),
  );
}
