// The program of `probeDevice`: tries the device named on its command line and prints a hash of what it computed.
import { createHash } from 'node:crypto';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { GraphBuilder, serializeGraph } from '@mgrpo/onnx';
import type { Device } from './device.ts';
import { openSession, tensor } from './session.ts';

const [rows, columns] = [24, 80];
const tolerance = 1e-4;

/** What a transformer is made of: a norm, a product with a long sum, a softmax. */
function probeGraph(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['R', columns]);
  const w = g.input('w', 'float32', [columns, columns]);
  const normed = g.rmsNorm(x, g.fill(1, 'float32', [columns]), 1e-6);
  g.output('y', g.add(g.logSoftmax(g.matMul(normed, w)), g.silu(x)));
  return serializeGraph(g, 'probe');
}

async function compute(device: Device): Promise<Float32Array> {
  // Multiples of the golden ratio: fixed numbers of (-1, 1), no two of them close.
  const numbers = (length: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => 2 * ((i * 0.6180339887) % 1) - 1);
  const session = await openSession(probeGraph(), { name: 'probe', device });
  const { y } = await session.run({
    x: tensor(numbers(rows * columns), [rows, columns]),
    w: tensor(numbers(columns * columns), [columns, columns]),
  });
  await session.close();
  return y!.data as Float32Array;
}

async function main(device: Device): Promise<void> {
  const [theirs, ours] = [await compute(device), await compute('cpu')];
  const gap = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0);
  if (!(gap <= tolerance)) {
    const what = `it computes other numbers than the CPU, by up to ${gap}: its driver is broken`;
    throw new MgrpoError('RESOURCE', what);
  }
  process.stdout.write(createHash('sha256').update(theirs).digest('hex').slice(0, 12));
}

try {
  await main(process.argv[2] as Device);
} catch (error) {
  process.stderr.write(`\n${messageOf(error)}\n`);
  process.exitCode = 1;
}
