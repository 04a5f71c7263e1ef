// The program of `probeDevice`: tries the device named on its command line and prints a hash of what it computed.
import { createHash } from 'node:crypto';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type Compute, GraphBuilder, serializeGraph } from '@mgrpo/onnx';
import type { Device, DeviceNeeds, LargestTensor } from './device.ts';
import { openSession, tensor } from './session.ts';
import { openUploader } from './uploader.ts';

const [rows, columns] = [24, 80];
const tolerance = 1e-4;
const float16Tolerance = 0.1;

/** What a transformer is made of: a norm, a product with a long sum, a softmax. */
function probeGraph(target: Device, compute: Compute): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['R', columns]);
  const w = g.input('w', 'float32', [columns, columns]);
  const normed = g.rmsNorm(x, g.fill(1, 'float32', [columns]), 1e-6);
  g.output('y', g.add(g.logSoftmax(g.matMul(normed, w)), g.silu(x)));
  return serializeGraph(g, 'probe', compute === 'float32' ? 'cpu' : target, compute);
}

async function results(device: Device, compute: Compute = 'float32'): Promise<Float32Array> {
  // Multiples of the golden ratio: fixed numbers of (-1, 1), no two of them close.
  const numbers = (length: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => 2 * ((i * 0.6180339887) % 1) - 1);
  const session = await openSession(probeGraph(device, compute), { name: 'probe', device });
  const { y } = await session.run({
    x: tensor(numbers(rows * columns), [rows, columns]),
    w: tensor(numbers(columns * columns), [columns, columns]),
  });
  await session.close();
  return y!.data as Float32Array;
}

/**
 * Takes a buffer of the size, which the device's limit allows or not. Below 256 MiB every WebGPU does.
 *
 * @throws MgrpoError RESOURCE with the limit, as the driver tells it
 */
async function requireRoom({ bytes, name }: LargestTensor): Promise<void> {
  if (bytes <= 2 ** 28) return;
  const length = Math.ceil(bytes / 4);
  const uploader = await openUploader([{ name: 'x', shape: ['N'] }]);
  try {
    // Never written to, the array takes no memory here.
    const { x } = await uploader.upload({ x: tensor(new Float32Array(length), [length]) });
    x!.dispose();
  } catch (cause) {
    const limit = /limit \((\d+)\)/.exec(messageOf(cause))?.[1];
    const most = limit === undefined ? 'what it has free' : `its limit of ${limit} bytes`;
    const what = `${name} would need ${bytes} bytes in one buffer, more than ${most}`;
    throw new MgrpoError('RESOURCE', what, { cause });
  } finally {
    await uploader.close();
  }
}

/** @throws MgrpoError RESOURCE */
function requireEqual(theirs: Float32Array, ours: Float32Array, most: number): void {
  const gap = ours.reduce((worst, value, i) => Math.max(worst, Math.abs(value - theirs[i]!)), 0);
  if (gap <= most) return;
  const what = `it computes other numbers than the CPU, by up to ${gap}: its driver is broken`;
  throw new MgrpoError('RESOURCE', what);
}

async function main(device: Device, { largest, float16 }: DeviceNeeds): Promise<void> {
  const [theirs, ours] = [await results(device), await results('cpu')];
  requireEqual(theirs, ours, tolerance);
  if (device === 'webgpu' && largest !== undefined) await requireRoom(largest);
  const hash = createHash('sha256').update(theirs);
  if (float16 === true) {
    const halves = await results(device, 'float16');
    requireEqual(halves, ours, float16Tolerance);
    hash.update(halves);
  }
  process.stdout.write(hash.digest('hex').slice(0, 12));
}

try {
  const [device, needs] = process.argv.slice(2);
  await main(device as Device, JSON.parse(needs!) as DeviceNeeds);
} catch (error) {
  process.stderr.write(`\n${messageOf(error)}\n`);
  process.exitCode = 1;
}
