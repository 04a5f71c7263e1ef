import { openSession, tensor } from '@mgrpo/runtime';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addDims, type Dim, dimTerms, multiplyDims } from './dim.ts';
import { GraphBuilder, serializeGraph } from './index.ts';

async function run(g: GraphBuilder, feeds: Record<string, ReturnType<typeof tensor>>) {
  const session = await openSession(serializeGraph(g, 'test'));
  const outputs = await session.run(feeds);
  await session.close();
  return outputs;
}

test('dimensions have one spelling, whatever the order they were made in', () => {
  expect(multiplyDims('T', 2, 'B')).toBe('2*B*T');
  expect(multiplyDims(addDims('S', 1), 'B')).toBe('B+B*S');
  expect(addDims('S', 1, 'S')).toBe('2*S+1');
  expect(multiplyDims(3, 4)).toBe(12);
});

test('sums and products of dims are those of their values', () => {
  const symbols = { B: 7, S: 11, T: 13 };
  const dim = fc.constantFrom<Dim>(0, 1, 2, 'B', 'S', 'T', 'B*T', 'S+1', '2*T+B');
  const sizeAt = (d: Dim): number =>
    dimTerms(d).reduce((sum, { coefficient, symbols: names }) => {
      const product = names.reduce((p, name) => p * symbols[name as 'B'], coefficient);
      return sum + product;
    }, 0);
  fc.assert(
    fc.property(dim, dim, dim, (a, b, c) => {
      expect(sizeAt(addDims(a, b))).toBe(sizeAt(a) + sizeAt(b));
      expect(sizeAt(multiplyDims(a, b))).toBe(sizeAt(a) * sizeAt(b));
      expect(multiplyDims(a, addDims(b, c))).toBe(addDims(multiplyDims(c, a), multiplyDims(b, a)));
    }),
  );
});

test('a graph with symbolic dims runs at several sizes', async () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['B', 'T', 6]);
  const heads = g.transpose(g.reshape(x, ['B', 'T', 2, 3]), [0, 2, 1, 3]);
  g.output('heads', heads);
  g.output('back', g.reshape(g.transpose(heads, [0, 2, 1, 3]), ['B*T', 6]));
  g.output('zeros', g.fill(0.5, 'float32', ['B', 'T+1']));
  const session = await openSession(serializeGraph(g, 'test'));
  for (const [numRows, time] of [
    [2, 3],
    [1, 5],
  ] as const) {
    const data = Float32Array.from({ length: numRows * time * 6 }, (_, i) => i);
    const outputs = await session.run({ x: tensor(data, [numRows, time, 6]) });
    expect(outputs.heads!.dims).toEqual([numRows, 2, time, 3]);
    expect(outputs.back!.data).toEqual(data);
    expect(outputs.zeros!.dims).toEqual([numRows, time + 1]);
  }
  await session.close();
});

test('two runtime dims of a reshape are taken from the shapes of the inputs', async () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['N', 4]);
  const ids = g.input('ids', 'int64', ['B', 'T']);
  const rows = g.gather(x, ids); // [B, T, 4]
  g.output('y', g.reshape(g.reshape(rows, ['B*T', 4]), ['B', 2, 'T', 2]));
  const { y } = await run(g, {
    x: tensor(
      Float32Array.from({ length: 8 }, (_, i) => i),
      [2, 4],
    ),
    ids: tensor(BigInt64Array.of(0n, 1n, 0n, 0n, 1n, 1n), [2, 3]),
  });
  expect(y!.dims).toEqual([2, 2, 3, 2]);
});

test('shapes that fit only by luck are an error when the graph is built', () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['T', 4]);
  const y = g.input('y', 'float32', [5, 4]);
  expect(() => g.add(x, y)).toThrow('can not broadcast: [T, 4] and [5, 4]');
  expect(() => g.matMul(x, y)).toThrow('inner dimensions');
  expect(() => g.reshape(x, ['T', 5])).toThrow('can not reshape');
  expect(() => g.concat([x, g.input('z', 'float32', ['S', 3])], 0)).toThrow('can not concatenate');
  expect(() => g.slice(x, 0, 0, -1)).toThrow('ambiguous');
  expect(() => g.fill(0, 'float32', ['U'])).toThrow('no graph input has a dimension "U"');
  expect(() => g.mul(x, g.cast(x, 'int64'))).toThrow('cast one of them');
});

test('what no output needs is left out of the model, and equal constants are stored once', () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['T']);
  g.exp(g.add(x, 7));
  g.output('y', g.mul(g.mul(x, 3), 3));
  expect(g.liveNodes().map((node) => node.opType)).toEqual(['Mul', 'Mul']);
  expect(g.constants.size).toBe(2);
});
