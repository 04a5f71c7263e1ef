import { MgrpoError } from '@mgrpo/errors';
import { findGpus } from './gpus.ts';
import { type Probe, probeDevice } from './probe-device.ts';

/** Where a graph runs: ONNX Runtime's providers for the processor, for any GPU by WebGPU, and for NVIDIA's by CUDA. */
export const devices = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** A device by name, or the best one that works here. */
export type DeviceSetting = Device | 'auto';

/** The device that was chosen, and why not the others. */
export interface DeviceChoice {
  readonly device: Device;
  /** What its results depend on: `cpu`, or the device with a hash of what it computed for a fixed input. */
  readonly identity: string;
  /** Those that `auto` passed over, best first, each with the reason in a sentence. */
  readonly passedOver: readonly { readonly device: Device; readonly reason: string }[];
}

/** The largest tensor that a device has to hold. */
export interface LargestTensor {
  /** For messages: `the embedding`. */
  readonly name: string;
  readonly bytes: number;
}

/** What a device has to be able to do. */
export interface DeviceNeeds {
  /** It has to take a buffer of this size; without, no more than little ones. */
  readonly largest?: LargestTensor;
  /** It has to compute products in float16, which the CPU never does. */
  readonly float16?: boolean;
}

/** What choosing looks at; tests give their own. */
export interface Surroundings {
  readonly probe: (device: Device, needs: DeviceNeeds) => Promise<Probe>;
  /** GPUs that the system lists; null where it can't tell. */
  readonly gpus: () => readonly string[] | null;
}

const here: Surroundings = { probe: probeDevice, gpus: findGpus };

/**
 * Settles on a device before anything is opened on it. Any but the CPU is tried first, in a process of its own.
 *
 * `auto` takes CUDA, else WebGPU, else the CPU. Where the system lists no GPU it takes the CPU: what WebGPU would
 * find there is a driver that computes on the processor, many times slower than the CPU provider.
 *
 * @param needs a device that lacks one of them doesn't work
 * @throws MgrpoError RESOURCE when the device that is asked for by name does not work here, or none does what is needed
 */
export async function chooseDevice(
  setting: DeviceSetting,
  needs: DeviceNeeds = {},
  { probe, gpus }: Surroundings = here,
): Promise<DeviceChoice> {
  if (setting === 'cpu') return { device: 'cpu', identity: 'cpu', passedOver: [] };
  if (setting !== 'auto') {
    const result = await probe(setting, needs);
    if (result.kind === 'works') return chosen(setting, result.bits, []);
    throw new MgrpoError('RESOURCE', `device ${setting} does not work here: ${result.reason}`);
  }
  const passedOver: { device: Device; reason: string }[] = [];
  for (const device of ['cuda', 'webgpu'] as const) {
    const hasNoGpu = device === 'webgpu' && gpus()?.length === 0;
    const result: Probe = hasNoGpu
      ? { kind: 'fails', reason: 'this machine lists no GPU, so WebGPU would compute on the CPU' }
      : await probe(device, needs);
    if (result.kind === 'works') return chosen(device, result.bits, passedOver);
    passedOver.push({ device, reason: result.reason });
  }
  if (needs.float16 === true) {
    const reasons = passedOver.map(({ device, reason }) => `${device}: ${reason}`).join('; ');
    throw new MgrpoError('RESOURCE', `no device here computes in float16 (${reasons})`);
  }
  return { device: 'cpu', identity: 'cpu', passedOver };
}

function chosen(
  device: Device,
  bits: string,
  passedOver: DeviceChoice['passedOver'],
): DeviceChoice {
  return { device, identity: `${device} ${bits}`, passedOver };
}
