// Reads event files back, sharing nothing with the writer: the checksum is computed bit by bit, and the messages
// are taken apart by the wire format alone.

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion: string | null;
  readonly values: Readonly<Record<string, number>>;
}

/** The events of a file; throws where a length or a checksum is wrong. */
export function readEvents(file: Buffer): ReadEvent[] {
  const events: ReadEvent[] = [];
  let at = 0;
  while (at < file.length) {
    const length = Number(file.readBigUInt64LE(at));
    const payload = file.subarray(at + 12, at + 12 + length);
    if (file.readUInt32LE(at + 8) !== masked(file.subarray(at, at + 8))) throw new Error('length');
    if (file.readUInt32LE(at + 12 + length) !== masked(payload)) throw new Error('payload');
    events.push(eventOf(payload));
    at += 16 + length;
  }
  return events;
}

function masked(bytes: Buffer): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ (crc & 1n ? 0x82f63b78n : 0n);
  }
  crc ^= 0xffffffffn;
  const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
  return Number((rotated + 0xa282ead8n) & 0xffffffffn);
}

function eventOf(payload: Buffer): ReadEvent {
  const fields = fieldsOf(payload);
  const summary = fields.get(5);
  const values = summary === undefined ? [] : (fieldsOf(summary[0]!).get(1) ?? []);
  return {
    wallTime: fields.get(1)![0]!.readDoubleLE(),
    step: Number(varintAt(fields.get(2)?.[0] ?? Buffer.from([0]), 0).value),
    fileVersion: fields.get(3)?.[0]?.toString() ?? null,
    values: Object.fromEntries(
      values
        .map(fieldsOf)
        .map((value) => [value.get(1)![0]!.toString(), value.get(2)![0]!.readFloatLE()]),
    ),
  };
}

/** The contents of a message's fields, by their number. */
function fieldsOf(message: Buffer): Map<number, Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  while (at < message.length) {
    const tag = varintAt(message, at);
    at = tag.end;
    const wireType = Number(tag.value & 7n);
    const length = wireType === 2 ? varintAt(message, at) : { value: 0n, end: at };
    const start = length.end;
    const ends = [
      varintAt(message, start).end,
      start + 8,
      start + Number(length.value),
      0,
      0,
      start + 4,
    ];
    at = ends[wireType]!;
    const number = Number(tag.value >> 3n);
    fields.set(number, [...(fields.get(number) ?? []), message.subarray(start, at)]);
  }
  return fields;
}

function varintAt(bytes: Buffer, start: number): { value: bigint; end: number } {
  let [value, end, shift] = [0n, start, 0n];
  for (;;) {
    const byte = BigInt(bytes[end] ?? 0);
    value |= (byte & 127n) << shift;
    [end, shift] = [end + 1, shift + 7n];
    if (byte < 128n) return { value, end };
  }
}
