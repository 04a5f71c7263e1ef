import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeSafetensors, SafetensorsFile } from './safetensors.ts';
import { temporaryFolder } from './testing.ts';

/** A file of a JSON header, as text, and zeros. */
function fileOf(header: string, dataBytes: number): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(dataBytes)]);
}

async function openError(content: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'x.safetensors');
  await writeFile(path, content);
  const error = await SafetensorsFile.open(path).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'INVALID_MODEL' });
  return (error as Error).message.replace(path, 'FILE');
}

async function openText(content: Uint8Array): Promise<SafetensorsFile> {
  const path = join(await temporaryFolder(), 'x.safetensors');
  await writeFile(path, content);
  return SafetensorsFile.open(path);
}

test('what is written is read back, for any shapes', async () => {
  const shapes = fc.array(fc.array(fc.nat({ max: 4 }), { maxLength: 3 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(shapes, async (list) => {
      const tensors = list.map((shape, t) => {
        const length = shape.reduce((a, b) => a * b, 1);
        const values = Float32Array.from({ length }, (_, i) => t + i / 8);
        return { name: `t${t}`, shape, values };
      });
      const file = await openText(Buffer.concat([...encodeSafetensors(tensors)]));
      for (const { name, shape, values } of tensors) {
        const read = new Float32Array(values.length);
        await file.readInto(name, read);
        expect(read).toEqual(values);
        const end = new Float32Array(values.length >> 1);
        const first = values.length - end.length;
        await file.readInto(name, end, first);
        expect(end).toEqual(values.subarray(first));
        expect(file.tensors.get(name)?.shape).toEqual(shape);
      }
      await file.close();
    }),
    { numRuns: 20 },
  );
});

test('tensor bytes start at a multiple of 8 and are views, and the header says format pt', () => {
  const values = Float32Array.of(1, 2);
  const [prefix, body] = [...encodeSafetensors([{ name: 'w', shape: [2], values }])];
  expect(prefix!.length % 8).toBe(0);
  expect(body!.buffer).toBe(values.buffer);
  expect(JSON.parse(Buffer.from(prefix!).toString('utf8', 8))).toEqual({
    __metadata__: { format: 'pt' },
    w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
  });
});

test('F16 and BF16 tensors are widened', async () => {
  const header =
    '{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}';
  const content = fileOf(header, 6);
  content.set([0x00, 0x3c, 0x00, 0xc0, 0x20, 0x41], content.length - 6);
  const file = await openText(content);
  const half = new Float32Array(2);
  const brain = new Float32Array(1);
  await file.readInto('h', half);
  await file.readInto('b', brain);
  const second = new Float32Array(1);
  await file.readInto('h', second, 1);
  await file.close();
  expect([...half, ...brain, ...second]).toEqual([1, -2, 10, -2]);
});

test('a file cut anywhere is reported with expected and actual bytes', async () => {
  const whole = Buffer.concat([
    ...encodeSafetensors([{ name: 'w', shape: [4], values: new Float32Array(4) }]),
  ]);
  expect(await openError(whole.subarray(0, 3))).toContain('is truncated: 3 bytes');
  expect(await openError(whole.subarray(0, 20))).toMatch(/is truncated: 20 of \d+ bytes/);
  expect(await openError(whole.subarray(0, -1))).toContain(
    `is truncated: ${whole.length - 1} of ${whole.length} bytes; download or copy it again`,
  );
});

test.each([
  ['bytes left over', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 5, '1 bytes after'],
  ['a gap', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8, 'a leaves a gap'],
  [
    'an overlap',
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    8,
    'b overlaps',
  ],
  [
    'bytes that do not fit the shape',
    '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
    8,
    'a has 8 bytes, but F32 [3] takes 12',
  ],
  [
    'a negative size',
    '{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}',
    4,
    'a has no shape',
  ],
  [
    'a fractional size',
    '{"a":{"dtype":"F32","shape":[0.5,2],"data_offsets":[0,4]}}',
    4,
    'a has no shape',
  ],
  [
    'sizes whose product overflows',
    '{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,4]}}',
    4,
    'a has 4 bytes, but',
  ],
  ['no offsets', '{"a":{"dtype":"F32","shape":[1]}}', 4, 'a has no pair of data_offsets'],
  ['an unknown dtype', '{"a":{"dtype":"toString","shape":[],"data_offsets":[0,4]}}', 4, 'toString'],
  ['no object', '{"a":7}', 0, 'a is no object'],
  ['a list', '[]', 0, 'no JSON object'],
  [
    'a prototype',
    '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    4,
    'a tensor named __proto__',
  ],
  ['no JSON', 'pickle', 0, 'no JSON: this is no safetensors file'],
])('a header with %s is refused', async (_what, header, dataBytes, expected) => {
  expect(await openError(fileOf(header, dataBytes))).toContain(expected);
});

test('a header length beyond the limit is refused before anything is allocated', async () => {
  const content = Buffer.alloc(16, 0xff);
  expect(await openError(content)).toContain('declares a header of 18446744073709551615 bytes');
});

test('a tensor of another dtype is listed, and refused when it is read', async () => {
  const file = await openText(
    fileOf('{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', 8),
  );
  expect([...file.tensors.keys()]).toEqual(['ids']);
  await expect(file.readInto('ids', new Float32Array(1))).rejects.toThrow(
    "stores ids as I64, which can't be read: convert it to F32, F16 or BF16",
  );
  await file.close();
});
