import { type Device, openSession, type Tensor, tensor } from '@mgrpo/runtime';
import { describe, expect, inject, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { gradientRules } from './gradient-rules.ts';
import { backward, gradients } from './gradients.ts';
import type { DType, Value } from './graph.ts';
import { serializeGraph } from './serialize.ts';

/** A function to differentiate at random inputs of the given shapes. */
interface GradientCase {
  readonly shapes: readonly (readonly number[])[];
  readonly build: (g: GraphBuilder, ...inputs: Value[]) => Value;
  /** float32 only where ONNX Runtime's CPU provider has no float64 kernel. */
  readonly dtype?: 'float32';
  /** Maps a uniform number of (0, 1) into the function's domain; default (-1, 1). */
  readonly domain?: (u: number) => number;
}

const positive = (u: number) => 0.5 + u;
const ids = (g: GraphBuilder) => g.constant('int64', [2, 2], [0, 2, 2, 2]);
const table = (g: GraphBuilder, f: (angle: number) => number) =>
  g.constant('float32', [3, 2], [0, 0.3, 0.7, 1.1, 1.9, 2.5].map(f));

/** Every rule has its cases here: the test below fails for a rule without one. */
const cases: Readonly<Record<string, readonly GradientCase[]>> = {
  Add: [
    {
      shapes: [
        [2, 3],
        [2, 3],
      ],
      build: (g, a, b) => g.add(a, b),
    },
    { shapes: [[2, 3], [3]], build: (g, a, b) => g.add(a, b) },
  ],
  Sub: [
    {
      shapes: [
        [2, 1],
        [2, 3],
      ],
      build: (g, a, b) => g.sub(a, b),
    },
  ],
  Mul: [
    {
      shapes: [
        [2, 3],
        [2, 1, 1],
      ],
      build: (g, a, b) => g.mul(a, b),
    },
    { shapes: [[2, 3]], build: (g, a) => g.mul(a, g.mul(a, 2)) },
  ],
  Div: [{ shapes: [[2, 3], [3]], build: (g, a, b) => g.div(a, b), domain: positive }],
  Min: [
    {
      shapes: [
        [2, 3],
        [2, 3],
      ],
      build: (g, a, b) => g.min(a, b),
    },
  ],
  Max: [{ shapes: [[2, 3], [3]], build: (g, a, b) => g.max(a, b) }],
  Where: [
    {
      shapes: [
        [2, 3],
        [2, 3],
      ],
      build: (g, a, b) => g.where(g.less(a, 0), b, a),
    },
  ],
  Neg: [{ shapes: [[2, 3]], build: (g, a) => g.neg(a) }],
  Exp: [{ shapes: [[2, 3]], build: (g, a) => g.exp(a) }],
  Log: [{ shapes: [[2, 3]], build: (g, a) => g.log(a), domain: positive }],
  Sigmoid: [{ shapes: [[2, 3]], build: (g, a) => g.sigmoid(a) }],
  QuickGelu: [{ shapes: [[2, 5]], build: (g, a) => g.silu(a), dtype: 'float32' }],
  MatMul: [
    {
      shapes: [
        [2, 3],
        [3, 4],
      ],
      build: (g, a, b) => g.matMul(a, b),
    },
    {
      shapes: [
        [2, 2, 3],
        [3, 4],
      ],
      build: (g, a, b) => g.matMul(a, b),
      dtype: 'float32',
    },
  ],
  FusedMatMul: [false, true].flatMap((transA) =>
    [false, true].map(
      (transB): GradientCase => ({
        shapes: [
          [2, 1, ...(transA ? [3, 2] : [2, 3])],
          [1, 2, ...(transB ? [4, 3] : [3, 4])],
        ],
        build: (g, a, b) => g.matMul(a, b, { transA, transB, alpha: 0.5 }),
        dtype: 'float32',
      }),
    ),
  ),
  Gemm: [false, true].flatMap((transA) =>
    [false, true].map(
      (transB): GradientCase => ({
        shapes: [transA ? [3, 2] : [2, 3], transB ? [4, 3] : [3, 4], transA ? [2, 4] : [4]],
        build: (g, a, b, c) => g.gemm(a, b, { transA, transB, c }),
      }),
    ),
  ),
  Softmax: [{ shapes: [[2, 5]], build: (g, a) => g.softmax(a) }],
  LogSoftmax: [{ shapes: [[2, 5]], build: (g, a) => g.logSoftmax(a) }],
  SimplifiedLayerNormalization: [
    { shapes: [[2, 2, 4], [4]], build: (g, x, w) => g.rmsNorm(x, w, 1e-3), dtype: 'float32' },
  ],
  RotaryEmbedding: [
    {
      shapes: [[1, 2, 3, 4]],
      build: (g, x) =>
        g.rotary(x, g.constant('int64', [1, 3], [0, 2, 1]), table(g, Math.cos), table(g, Math.sin)),
      dtype: 'float32',
    },
  ],
  ReduceSum: [
    { shapes: [[2, 3, 4]], build: (g, a) => g.reduceSum(a, [0, 2]) },
    { shapes: [[2, 3]], build: (g, a) => g.reduceSum(a, [-1], true) },
  ],
  ReduceMean: [{ shapes: [[2, 3, 4]], build: (g, a) => g.reduceMean(a, [1, 2]) }],
  Expand: [{ shapes: [[2, 1]], build: (g, a) => g.expand(a, [2, 3]) }],
  Cast: [{ shapes: [[2, 3]], build: (g, a) => g.cast(g.mul(a, a), 'float64') }],
  Reshape: [{ shapes: [[2, 3]], build: (g, a) => g.reshape(a, [3, 2]) }],
  Transpose: [{ shapes: [[2, 3, 4]], build: (g, a) => g.transpose(a, [2, 0, 1]) }],
  Split: [
    {
      shapes: [[2, 5]],
      build: (g, a) => {
        const [x, , y] = g.split(a, [2, 1, 2], 1);
        return g.mul(x!, g.mul(y!, y!));
      },
    },
    { shapes: [[2, 5]], build: (g, a) => g.split(a, [2, 3], 1)[1]! },
  ],
  Concat: [
    {
      shapes: [
        [2, 3],
        [2, 2],
      ],
      build: (g, a, b) => g.concat([a, b, a], 1),
    },
  ],
  Gather: [{ shapes: [[3, 2]], build: (g, a) => g.gather(a, ids(g)) }],
  GatherElements: [{ shapes: [[2, 3]], build: (g, a) => g.gatherElements(a, ids(g)) }],
};

test('every gradient rule has a case, and every case a rule', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(gradientRules).sort());
});

describe.each(Object.entries(cases))(
  'the gradient of %s is that of finite differences',
  (op, list) => {
    test.each(list.map((c) => [c.shapes.map((s) => `[${s}]`).join(' '), c] as const))(
      '%s',
      async (_, c) => {
        const { build, shapes, dtype = 'float64', domain = (u: number) => 2 * u - 1 } = c;
        const numbers = uniforms();
        const inputs = shapes.map((shape) => randomTensor(dtype, shape, () => domain(numbers())));
        const g = new GraphBuilder();
        const values = shapes.map((shape, i) => g.input(`x${i}`, dtype, shape));
        const y = build(g, ...values);
        expect(g.nodes.map((node) => node.opType)).toContain(op);
        const loss = g.reduceSum(
          g.mul(y, projection(g, y, numbers)),
          y.shape.map((_, axis) => axis),
        );
        g.output('loss', loss);
        for (const [i, d] of gradients(g, loss, values).entries()) g.output(`d${i}`, d);
        await compare(g, inputs, dtype);
      },
    );
  },
);

test('a part of a model goes backward from the gradients of its outputs', async () => {
  // y = 3 a and z = a b, with dy = 2 and dz = 5: da = 3 · 2 + b · 5, db = a · 5.
  const g = new GraphBuilder();
  const [a, b] = [g.input('a', 'float32', [1]), g.input('b', 'float32', [1])];
  const [dY, dZ] = [g.input('dY', 'float32', [1]), g.input('dZ', 'float32', [1])];
  const seeds = [
    { value: g.mul(a, 3), gradient: dY },
    { value: g.mul(a, b), gradient: dZ },
  ];
  const [dA, dB] = backward(g, seeds, [a, b]);
  g.output('dA', dA!);
  g.output('dB', dB!);
  const session = await openSession(serializeGraph(g, 'part'));
  const of = (value: number) => tensor(Float32Array.of(value), [1]);
  const outputs = await session.run({ a: of(7), b: of(11), dY: of(2), dZ: of(5) });
  expect(outputs.dA!.data[0]).toBe(61);
  expect(outputs.dB!.data[0]).toBe(35);
  await session.close();
});

test('a shape taken from a value carries no gradient to it', () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['T']);
  const mask = g.upperTriangle(g.fill(1, 'float32', ['T', 'T']), g.extent('T'));
  const loss = g.reduceSum(g.mul(g.add(mask, 1), x), [0, 1]);
  expect(gradients(g, loss, [x])[0]!.shape).toEqual(['T']);
});

test.skipIf(!inject('hasWebGpu'))(
  'on WebGPU every operator and its gradient are those of the CPU',
  async () => {
    const expected = await runCases('cpu');
    const outputs = await runCases('webgpu');
    const gaps = Object.entries(expected).flatMap(([name, { data }]) => {
      const other = outputs[name]!.data;
      const gap = (data as Float32Array).reduce(
        (most, x, i) => Math.max(most, Math.abs(Number(x) - Number(other[i]))),
        0,
      );
      return gap < 1e-5 ? [] : [{ name, gap }];
    });
    expect(gaps).toEqual([]);
    expect(Object.keys(expected).length).toBeGreaterThan(2 * Object.keys(cases).length);
  },
);

test('an operator without a rule is named', () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [3]);
  const loss = g.reduceSum(g.cumSum(x, 0), [0]);
  expect(() => gradients(g, loss, [x])).toThrow('CumSum has no gradient rule');
});

test('a value that the loss does not depend on is named', () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [3]);
  const unused = g.input('unused', 'float32', [3]);
  expect(() => gradients(g, g.reduceSum(x, [0]), [unused])).toThrow('does not depend on unused');
});

/** All cases in float32 and in one graph: each one's result and gradients, by the operator's name. */
async function runCases(device: Device): Promise<Record<string, Tensor>> {
  const g = new GraphBuilder();
  const numbers = uniforms();
  const feeds: Record<string, Tensor> = {};
  for (const [op, list] of Object.entries(cases)) {
    for (const [n, { shapes, build, domain = (u: number) => 2 * u - 1 }] of list.entries()) {
      const values = shapes.map((shape, i) => g.input(`${op}${n}.x${i}`, 'float32', shape));
      for (const { name, shape } of values) {
        feeds[name] = randomTensor('float32', shape.map(Number), () => domain(numbers()));
      }
      const y = build(g, ...values);
      const projected = g.mul(y, projection(g, y, numbers));
      const loss = g.reduceSum(
        projected,
        y.shape.map((_, axis) => axis),
      );
      g.output(`${op}${n}.y`, y);
      for (const [i, d] of gradients(g, loss, values).entries()) g.output(`${op}${n}.d${i}`, d);
    }
  }
  const session = await openSession(serializeGraph(g, 'cases', device), { device });
  const outputs = await session.run(feeds);
  await session.close();
  return outputs;
}

/** Fixed weights of the elements of `y`, so that none of their gradients is like another. */
function projection(g: GraphBuilder, y: Value, numbers: () => number): Value {
  const size = y.shape.reduce<number>((n, dim) => n * Number(dim), 1);
  return g.constant(y.dtype, y.shape.map(Number), Array.from({ length: size }, numbers));
}

/** Compares every element of every gradient with a central difference of the loss. */
async function compare(g: GraphBuilder, inputs: readonly Tensor[], dtype: DType): Promise<void> {
  const session = await openSession(serializeGraph(g, 'gradient'));
  const feeds = Object.fromEntries(inputs.map((input, i) => [`x${i}`, input]));
  const analytic = await session.run(feeds);
  const [step, tolerance] = dtype === 'float64' ? [1e-5, 1e-8] : [1e-2, 2e-3];
  for (const [i, input] of inputs.entries()) {
    const data = input.data as Float64Array;
    for (const [j, old] of data.entries()) {
      const lossAt = async (x: number) => {
        data[j] = x;
        return Number((await session.run(feeds, ['loss'])).loss!.data[0]);
      };
      const difference = ((await lossAt(old + step)) - (await lossAt(old - step))) / (2 * step);
      data[j] = old;
      expect(Math.abs(Number(analytic[`d${i}`]!.data[j]) - difference)).toBeLessThan(tolerance);
    }
  }
  await session.close();
}

function randomTensor(dtype: DType, dims: readonly number[], draw: () => number): Tensor {
  const length = dims.reduce((n, dim) => n * dim, 1);
  const numbers = Array.from({ length }, draw);
  return tensor(
    dtype === 'float64' ? Float64Array.from(numbers) : Float32Array.from(numbers),
    dims,
  );
}

/** A fixed sequence of numbers in (0, 1): multiples of the golden ratio, no two of them close. */
function uniforms(): () => number {
  let i = 0;
  return () => (++i * 0.6180339887) % 1;
}
