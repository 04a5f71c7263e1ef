import { maskedCrc32c } from './crc32c.ts';

// A TensorBoard event file is a row of TFRecords, each a protobuf message `Event` (tensorboard/compat/proto:
// event.proto and summary.proto). Only these fields are written:
//
//   Event    1 wall_time: double   2 step: int64   3 file_version: string   5 summary: Summary
//   Summary  1 value: repeated Value
//   Value    1 tag: string   2 simple_value: float

/** Several scalars of one step. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly values: ReadonlyMap<string, number>;
}

/** The bytes of an event file; values are kept as float32, as TensorBoard has them. */
export function eventFile(events: readonly ScalarEvent[], startWallTime: number): Uint8Array {
  const version = Buffer.from('brain.Event:2');
  const first = Buffer.concat([double(1, startWallTime), bytes(3, version)]);
  return Buffer.concat([tfRecord(first), ...events.map((event) => tfRecord(encodeEvent(event)))]);
}

/** A TFRecord: length (uint64), its checksum, the payload, its checksum; little endian. */
function tfRecord(payload: Uint8Array): Buffer {
  const record = Buffer.alloc(payload.length + 16);
  record.writeBigUInt64LE(BigInt(payload.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(payload, 12);
  record.writeUInt32LE(maskedCrc32c(payload), 12 + payload.length);
  return record;
}

function encodeEvent({ wallTime, step, values }: ScalarEvent): Buffer {
  const summary = [...values].map(([tag, value]) =>
    bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])),
  );
  return Buffer.concat([
    double(1, wallTime),
    Buffer.concat([fieldTag(2, 0), varint(step)]),
    bytes(5, Buffer.concat(summary)),
  ]);
}

// Wire types of protobuf: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.

function double(field: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([fieldTag(field, 1), content]);
}

function float(field: number, value: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return Buffer.concat([fieldTag(field, 5), content]);
}

function bytes(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([fieldTag(field, 2), varint(content.length), content]);
}

function fieldTag(field: number, wireType: 0 | 1 | 2 | 5): Buffer {
  return varint(field * 8 + wireType);
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): Buffer {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push((rest % 0x80) | 0x80);
  return Buffer.from([...digits, rest]);
}
