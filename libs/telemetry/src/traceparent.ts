import { randomBytes } from 'node:crypto';

/** A span as others name it (W3C Trace Context). */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Whether the spans of this trace are recorded; decided once, where the trace begins. */
  readonly isSampled: boolean;
}

// Later versions may add fields at the end, so more than version 00 is read.
const pattern = /^[0-9a-e][0-9a-f]-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

/**
 * The context in a `traceparent`, which comes with jobs and calls and is input: null when it is none.
 *
 * @example parseTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')?.isSampled // -> true
 */
export function parseTraceparent(text: unknown): TraceContext | null {
  const match = typeof text === 'string' ? pattern.exec(text) : null;
  if (match === null) return null;
  const [, traceId = '', spanId = '', flags = ''] = match;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** A context as the header `traceparent` of W3C Trace Context, version 00. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** The context of a new trace, of which `sampleRatio` are recorded. */
export function newTraceContext(sampleRatio: number): TraceContext {
  const traceId = randomBytes(16).toString('hex');
  // Of 2^32, so that 0 is none of them and 1 is all.
  const isSampled = Number.parseInt(traceId.slice(0, 8), 16) < sampleRatio * 2 ** 32;
  return { traceId, spanId: randomBytes(8).toString('hex'), isSampled };
}
