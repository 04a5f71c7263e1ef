import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as it arrived, its attributes without the prefix `mgrpo.`. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Absent in a root. */
  readonly parentSpanId?: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the status; absent where nothing failed. */
  readonly error?: string;
}

export interface Collector {
  /** For `deployment.tracing.endpoint`. */
  readonly endpoint: string;
  /** Everything that has arrived. */
  readonly spans: readonly ReceivedSpan[];
  close(): Promise<void>;
}

/**
 * A receiver of traces over OTLP/HTTP in JSON, for tests.
 *
 * `reply`: the status of an answer, or null to leave the request without one.
 */
export async function startCollector(reply: () => number | null = () => 200): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const server = createServer(async (request, response) => {
    const status = request.url === '/v1/traces' ? reply() : 404;
    if (status === null) return;
    const body = await json(request);
    if (status === 200) spans.push(...spansOf(body as Export));
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

// The fields of ExportTraceServiceRequest in proto3 JSON that are looked at.
interface Export {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: WireSpan[] }[] }[];
}
interface KeyValue {
  key: string;
  value: Record<string, string | number | boolean>;
}
interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  status: { code: number; message?: string };
}

function spansOf({ resourceSpans }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => received(span, service)));
  });
}

function received(span: WireSpan, service: string): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, status } = span;
  return {
    service,
    name,
    traceId,
    spanId,
    ...(parentSpanId ? { parentSpanId } : {}),
    startMs: millisecondsOf(span.startTimeUnixNano),
    endMs: millisecondsOf(span.endTimeUnixNano),
    attributes: valuesOf(span.attributes),
    ...(status.code === 2 ? { error: status.message ?? '' } : {}),
  };
}

/** To the microsecond: nanoseconds since 1970 don't fit into a number. */
function millisecondsOf(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1000n) / 1000;
}

function valuesOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key.replace(/^mgrpo\./, ''), Object.values(value)[0]]),
  );
}
