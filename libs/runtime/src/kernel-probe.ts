import { createHash } from 'node:crypto';
import { GraphBuilder, serializeGraph, type Value } from '@mgrpo/onnx';
import { openSession, tensor } from './session.ts';

// Odd sizes, so that the remainders behind the vector kernels take part.
const [rows, inner, columns] = [37, 83, 61];

/** The operators whose kernels ONNX Runtime chooses by the CPU, on values of many magnitudes. */
function probeGraph(): Uint8Array {
  const g = new GraphBuilder();
  const a = g.input('a', 'float32', [rows, inner]);
  const b = g.input('b', 'float32', [columns, inner]);
  const weight = g.input('weight', 'float32', [columns]);
  const product = g.matMul(a, b, { transB: true });
  const outputs: Record<string, Value> = {
    product,
    transposed: g.matMul(product, b),
    probabilities: g.softmax(product),
    activation: g.silu(product),
    norm: g.rmsNorm(product, weight, 1e-6),
    logsum: g.log(g.reduceSum(g.exp(product), [-1])),
  };
  for (const [name, value] of Object.entries(outputs)) g.output(name, value);
  return serializeGraph(g, 'kernel-probe');
}

/** Numbers between -2 and 2 that every machine makes alike: integer arithmetic and one exact division. */
function probeValues(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    const mixed = Math.imul((i + 1) ^ seed, 0x9e3779b1) >>> 0;
    return mixed / 2 ** 30 - 2;
  });
}

/**
 * SHA-256 of what this CPU's kernels compute, the first 16 digits: two machines with one processor name may still
 * choose other kernels, and then differ here.
 */
export async function probeKernels(): Promise<string> {
  const session = await openSession(probeGraph(), { name: 'kernel-probe' });
  try {
    const outputs = await session.run({
      a: tensor(probeValues(rows * inner, 1), [rows, inner]),
      b: tensor(probeValues(columns * inner, 2), [columns, inner]),
      weight: tensor(probeValues(columns, 3), [columns]),
    });
    const hash = createHash('sha256');
    for (const name of session.outputNames) {
      const { buffer, byteOffset, byteLength } = outputs[name]!.data;
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    return hash.digest('hex').slice(0, 16);
  } finally {
    await session.close();
  }
}
