import { GraphBuilder, serializeGraph } from '@mgrpo/onnx';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fingerprint, sameFingerprint } from './fingerprint.ts';
import { probeKernels } from './kernel-probe.ts';
import { freeArrays, openSession, type Session, tensor } from './session.ts';

/** y = x @ w^T and z = 2x, over [T, 2] and [3, 2]. */
function graph(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['T', 2]);
  g.output('y', g.matMul(x, g.input('w', 'float32', [3, 2]), { transB: true }));
  g.output('z', g.mul(x, 2));
  return serializeGraph(g, 'test');
}

let session: Session;
beforeAll(async () => {
  session = await openSession(graph(), { name: 'test' });
});
afterAll(() => session.close());

const flat = Float32Array.of(9, 9, 9, 1, 2, 3, 4, 5, 6, 9, 9);
const w = tensor(flat.subarray(3, 9), [3, 2]);
const x = tensor(Float32Array.of(1, 10), [1, 2]);

test('a view into the middle of a larger array is fed from its own offset', async () => {
  const { y } = await session.run({ x, w });
  expect(y!.data).toEqual(Float32Array.of(21, 43, 65));
  expect(y!.dims).toEqual([1, 3]);
});

test('a tensor shows what its array holds when the run begins', async () => {
  flat[3] = 100;
  const { y } = await session.run({ x, w }, ['y']);
  flat[3] = 1;
  expect(y!.data).toEqual(Float32Array.of(120, 43, 65));
});

test('only the outputs asked for come back', async () => {
  expect(Object.keys(await session.run({ x, w }, ['z']))).toEqual(['z']);
  expect(session.outputNames).toEqual(['y', 'z']);
  expect(session.inputNames).toEqual(['x', 'w']);
});

test('outputs are fresh memory that can be given back at once', async () => {
  const first = await session.run({ x, w }, ['z']);
  freeArrays([first.z!.data]);
  expect(first.z!.data.length).toBe(0);
  const second = await session.run({ x, w }, ['z']);
  expect(second.z!.data).toEqual(Float32Array.of(2, 20));
});

test('a feed that is missing or has another shape is an error that names the graph', async () => {
  await expect(session.run({ x })).rejects.toMatchObject({ code: 'INTERNAL' });
  const wide = tensor(new Float32Array(3), [1, 3]);
  await expect(session.run({ x: wide, w })).rejects.toThrow(/^test failed: /);
});

test('bytes that are no graph are refused', async () => {
  await expect(openSession(Uint8Array.of(1, 2, 3), { name: 'broken' })).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('ONNX Runtime refuses the graph broken'),
  });
});

test('a closed session refuses to run and closes again in peace', async () => {
  const closed = await openSession(graph(), { name: 'closed' });
  await closed.close();
  await closed.close();
  await expect(closed.run({ x, w })).rejects.toThrow('session closed is closed');
});

test('the fingerprint tells machines apart by each of its parts', async () => {
  const here = await fingerprint();
  expect(here.node).toBe(process.versions.node);
  expect(here.onnxRuntime).toMatch(/^\d+\.\d+\.\d+/);
  expect(sameFingerprint(here, await fingerprint())).toBe(true);
  for (const part of ['cpu', 'arch', 'onnxRuntime', 'node', 'kernels'] as const) {
    expect(sameFingerprint(here, { ...here, [part]: 'other' })).toBe(false);
  }
  const { kernels, ...unprobed } = here;
  expect(sameFingerprint(here, unprobed)).toBe(true);
  expect(kernels).toBe(await probeKernels());
});
