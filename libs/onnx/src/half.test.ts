import { openSession, type Tensor, tensor } from '@mgrpo/runtime';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { serializeGraph } from './serialize.ts';

// One row, and a matrix whose columns multiply it by 1 and by 64.
const feeds = {
  x: tensor(Float32Array.of(2049, 1 / 3), [1, 2]),
  w: tensor(Float32Array.of(1, 0, 0, 64), [2, 2]),
  c: tensor(Float32Array.of(2 ** -12, 2 ** 15), [1, 2]),
};

async function compute(build: (g: GraphBuilder) => void): Promise<Record<string, Tensor>> {
  const g = new GraphBuilder();
  build(g);
  const session = await openSession(serializeGraph(g, 'test', 'cpu', 'float16'));
  const outputs = await session.run(feeds);
  await session.close();
  return outputs;
}

const inputs = (g: GraphBuilder) => ({
  x: g.input('x', 'float32', ['N', 2]),
  w: g.input('w', 'float32', [2, 2]),
  c: g.input('c', 'float32', ['N', 2]),
});
const third = Math.f16round(1 / 3);

test('operands and results of products are rounded to float16, what reads them is float32', async () => {
  const outputs = await compute((g) => {
    const { x, w } = inputs(g);
    const product = g.matMul(x, w);
    g.output('product', product);
    g.output('sum', g.add(product, 2 ** -12));
    g.output('larger', g.mul(product, 32));
  });
  // Of 2049 float16 has 2048.
  expect([...outputs.product!.data]).toEqual([2048, 64 * third]);
  expect(outputs.sum!.data[0]).toBe(2048 + 2 ** -12);
  // The factor follows the product in float16, whose largest number is 65504.
  expect([...outputs.larger!.data]).toEqual([Number.POSITIVE_INFINITY, 2048 * third]);
});

test('what a product adds to keeps its float32, as does what is to stay precise', async () => {
  const outputs = await compute((g) => {
    const { x, w, c } = inputs(g);
    g.output('residual', g.gemm(x, w, { c }));
    g.output('precise', g.keepPrecise(g.gemm(x, w)));
  });
  expect([...outputs.residual!.data]).toEqual([2048 + 2 ** -12, 2 ** 15 + 64 * third]);
  expect([...outputs.precise!.data]).toEqual([2049, Math.fround(64 / 3)]);
});

test('movements follow a product, gather and sums do not', async () => {
  const outputs = await compute((g) => {
    const { x, w } = inputs(g);
    const [left, right] = g.split(g.transpose(g.matMul(x, w), [1, 0]), [1, 1], 0);
    g.output('joined', g.concat([right!, left!], 0));
    g.output('rows', g.gather(x, g.integers([0])));
  });
  expect([...outputs.joined!.data]).toEqual([64 * third, 2048]);
  expect([...outputs.rows!.data]).toEqual([2049, Math.fround(1 / 3)]);
});
