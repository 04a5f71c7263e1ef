import fc from 'fast-check';

/** One change of a byte sequence; positions are shares of its length. */
type Edit =
  | { kind: 'set'; at: number; value: number }
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'insert'; at: number; bytes: Uint8Array }
  | { kind: 'remove'; at: number; length: number }
  | { kind: 'repeat'; at: number; length: number; times: number };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const edits = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    at: share,
    // Bytes that lengths, signs and markers are made of are the ones that break readers.
    value: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff)),
  }),
  fc.record({ kind: fc.constant('flip' as const), at: share, bit: fc.integer({ min: 0, max: 7 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: share,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  }),
  fc.record({
    kind: fc.constant('remove' as const),
    at: share,
    length: fc.integer({ min: 1, max: 64 }),
  }),
  fc.record({
    kind: fc.constant('repeat' as const),
    at: share,
    length: fc.integer({ min: 1, max: 16 }),
    times: fc.integer({ min: 1, max: 200 }),
  }),
);

/** A valid input with some changes, cut short at times, or bytes of no origin. */
export function mutatedBytes(valid: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const mutated = fc
    .record({
      from: fc.constantFrom(...valid),
      changes: fc.array(edits, { minLength: 1, maxLength: 8 }),
      keep: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, share),
    })
    .map(({ from, changes, keep }) => {
      const bytes = changes.reduce(edited, Buffer.from(from));
      return bytes.subarray(0, Math.ceil(bytes.length * keep));
    });
  const random = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof({ weight: 9, arbitrary: mutated }, random);
}

function edited(bytes: Buffer, edit: Edit): Buffer {
  const at = Math.floor(edit.at * Math.max(0, bytes.length - 1));
  if (edit.kind === 'insert') return spliced(bytes, at, 0, edit.bytes);
  if (edit.kind === 'remove') return spliced(bytes, at, edit.length, new Uint8Array());
  if (edit.kind === 'repeat') {
    const part = bytes.subarray(at, at + edit.length);
    return spliced(bytes, at, 0, Buffer.concat(Array(edit.times).fill(part)));
  }
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = edit.kind === 'set' ? edit.value : copy[at]! ^ (1 << edit.bit);
  return copy;
}

function spliced(bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}

// What configurations, jobs and manifests are attacked with: other types, extremes, names of prototypes.
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, '', 0, -1, 1.5, 1e308, -0, 2 ** 53, 2 ** 31, [], {}),
  fc.constantFrom<unknown>('__proto__', 'constructor', '../../etc/passwd', 'a\0b', '\ud800', '🦜'),
  fc.integer({ min: 1, max: 100_000 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 1, max: 2000 }).map(nested),
  fc.jsonValue(),
);

/** An array in an array, so often. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

/** JSON values that are almost as they should be: with other members, without one, or with one too many. */
export function mutatedJson(valid: readonly object[]): fc.Arbitrary<unknown> {
  const key = fc.oneof(
    fc.constantFrom('__proto__', 'constructor', 'toString', 'length', ''),
    fc.string({ maxLength: 8 }),
  );
  const change = fc.record({ path: fc.array(share, { maxLength: 4 }), value: hostileValue, key });
  return fc.oneof(
    { weight: 1, arbitrary: hostileValue },
    {
      weight: 9,
      arbitrary: fc
        .record({
          from: fc.constantFrom(...valid),
          changes: fc.array(fc.record({ change, kind: fc.constantFrom('set', 'remove', 'add') }), {
            minLength: 1,
            maxLength: 3,
          }),
        })
        .map(({ from, changes }) => {
          const copy = structuredClone(from);
          for (const { change: where, kind } of changes) changeMember(copy, kind, where);
          return copy;
        }),
    },
  );
}

/** Walks down as far as the path goes and changes a member there. */
function changeMember(
  root: object,
  kind: string,
  { path, value, key }: { path: readonly number[]; value: unknown; key: string },
): void {
  let parent = root as Record<string, unknown>;
  for (const [depth, step] of path.entries()) {
    const names = Object.keys(parent);
    const name = names[Math.floor(step * names.length * 0.999)];
    const child = name === undefined ? undefined : parent[name];
    if (name === undefined) return;
    if (depth === path.length - 1 || typeof child !== 'object' || child === null) {
      if (kind === 'remove') delete parent[name];
      // Defined and not assigned, since `__proto__` is to be a member as it is in JSON.
      else define(parent, kind === 'add' ? key : name, value);
      return;
    }
    parent = child as Record<string, unknown>;
  }
  define(parent, key, value);
}

function define(parent: object, key: string, value: unknown): void {
  if (Array.isArray(parent) && key === 'length') return;
  Object.defineProperty(parent, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

/** Text of the parts that a language is made of, in any order. */
export function textOf(parts: readonly string[]): fc.Arbitrary<string> {
  const part = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...parts) },
    fc.string({ maxLength: 6 }),
  );
  const joined = fc.array(part, { maxLength: 60 }).map((chosen) => chosen.join(''));
  const repeated = fc
    .tuple(joined, fc.integer({ min: 1, max: 300 }))
    .map(([text, times]) => text.slice(0, 40).repeat(times));
  return fc.oneof({ weight: 4, arbitrary: joined }, repeated);
}
