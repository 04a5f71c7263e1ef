import { Metadata } from '@grpc/grpc-js';

/** The key that says what the spans of a call are part of (W3C Trace Context). */
const traceKey = 'traceparent';

/** Metadata of a call that belongs to the span `traceparent`, if to any. */
export function metadataOf(
  traceparent: string | null | undefined,
  options: ConstructorParameters<typeof Metadata>[0] = {},
): Metadata {
  const metadata = new Metadata(options);
  if (traceparent) metadata.set(traceKey, traceparent);
  return metadata;
}

/** What the caller says its span is; unchecked. */
export function traceparentOf(metadata: Metadata): string | null {
  const [value] = metadata.get(traceKey);
  return typeof value === 'string' ? value : null;
}
