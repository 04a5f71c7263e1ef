import { expect, test } from 'vitest';
import { crc32c, maskedCrc32c } from './crc32c.ts';
import { eventFile } from './event-file.ts';
import { readEvents } from './event-reader.fixture.ts';

const digits = Buffer.from('123456789');

test('the checksum is CRC-32C, masked as TensorBoard 2.21 masks it', () => {
  expect(crc32c(digits)).toBe(0xe3069283);
  expect(maskedCrc32c(digits)).toBe(0xc78ab0e5);
});

test('the bytes are those that TensorBoard 2.21 writes for the same events', () => {
  const values = new Map([['train/reward', 0.75]]);
  const file = eventFile([{ wallTime: 1_700_000_000.5, step: 300, values }], 1_700_000_000);
  // tensorboard.summary.writer.record_writer.RecordWriter, of Event(wall_time=1700000000.0,
  // file_version='brain.Event:2') and Event(wall_time=1700000000.5, step=300, summary=…).
  const golden = [
    '1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d',
    '2300000000000000b09f77430900002040fc54d94110ac022a150a130a0c747261696e2f726577617264150000403fa160cc2f',
  ];
  expect(Buffer.from(file).toString('hex')).toBe(golden.join(''));
});

test('another reader finds every step, time and value, as float32', () => {
  const steps = [0, 1, 127, 128, 300_000, 2 ** 31];
  const events = steps.map((step) => ({
    wallTime: step + 0.25,
    step,
    values: new Map([
      ['train/größe', step / 3],
      ['b', -1e-8],
    ]),
  }));
  const [first, ...read] = readEvents(Buffer.from(eventFile(events, 5)));
  expect(first).toEqual({ wallTime: 5, step: 0, fileVersion: 'brain.Event:2', values: {} });
  expect(read).toEqual(
    steps.map((step) => ({
      wallTime: step + 0.25,
      step,
      fileVersion: null,
      values: { 'train/größe': Math.fround(step / 3), b: Math.fround(-1e-8) },
    })),
  );
});
