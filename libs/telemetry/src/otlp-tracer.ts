import {
  type Attributes,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  type IdGenerator,
  RandomIdGenerator,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { SpanQueue } from './span-queue.ts';
import {
  formatTraceparent,
  newTraceContext,
  parseTraceparent,
  type TraceContext,
} from './traceparent.ts';
import type {
  DropReason,
  PastSpan,
  Span,
  SpanAttributes,
  SpanOptions,
  Tracer,
  TracerOptions,
} from './tracer.ts';
import type { WorkScope } from './work-scope.ts';

// A busy worker ends some hundred spans a second, of 600 bytes each.
const queueLimits = { maxSpans: 8192, batchSpans: 512, delayMs: 1000 };
/** Of one export, the exporter's own retries included. */
const exportTimeoutMs = 5000;

/** Records spans and sends them over OTLP/HTTP in JSON, which Jaeger, Tempo and the OpenTelemetry Collector take. */
export class OtlpTracer implements Tracer {
  readonly #sampleRatio: number;
  readonly #scope: WorkScope;
  readonly #queue: SpanQueue;
  readonly #ids = new ChosenIds();
  readonly #tracer: OtelTracer;

  constructor(options: TracerOptions & { endpoint: string }) {
    const url = `${options.endpoint.replace(/\/$/, '')}/v1/traces`;
    this.#sampleRatio = options.sampleRatio;
    this.#scope = options.scope;
    this.#queue = new SpanQueue({
      ...queueLimits,
      exporter: new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }),
      onDropped: dropReporter(url, options),
    });
    const provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.namespace': 'mgrpo',
        'service.name': options.service,
        'service.instance.id': options.instance,
      }),
      // Whether a trace is recorded is decided where it begins, before there is a span.
      sampler: new AlwaysOnSampler(),
      idGenerator: this.#ids,
      spanProcessors: [this.#queue],
    });
    this.#tracer = provider.getTracer('mgrpo');
  }

  async span<T>(
    name: string,
    options: SpanOptions,
    work: (span: Span) => T | Promise<T>,
  ): Promise<T> {
    const { current } = this.#scope;
    const { iteration = current.iteration, parent = current.traceparent, attributes } = options;
    const above = parseTraceparent(parent);
    const context = above ?? newTraceContext(this.#sampleRatio);
    if (!context.isSampled) {
      const traceparent = formatTraceparent(context);
      return await this.#scope.enter({ iteration, traceparent }, () =>
        work({ traceparent, set: () => {} }),
      );
    }
    const span =
      above === null
        ? this.#startRoot(name, context)
        : this.#tracer.startSpan(name, {}, insideOf(above));
    span.setAttributes(this.#attributes(iteration, attributes));
    const { traceId, spanId } = span.spanContext();
    const traceparent = formatTraceparent({ traceId, spanId, isSampled: true });
    const set = (more: SpanAttributes) => void span.setAttributes(prefixed(more));
    try {
      return await this.#scope.enter({ iteration, traceparent }, () => work({ traceparent, set }));
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      span.recordException(cause);
      span.setStatus({ code: SpanStatusCode.ERROR, message: cause.message });
      throw error;
    } finally {
      span.end();
    }
  }

  newTrace(): string {
    return formatTraceparent(newTraceContext(this.#sampleRatio));
  }

  record(name: string, { traceparent, startedAtMs, iteration, attributes, error }: PastSpan): void {
    const context = parseTraceparent(traceparent);
    if (!context?.isSampled) return;
    const span = this.#startRoot(name, context, startedAtMs);
    span.setAttributes(this.#attributes(iteration, attributes));
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    span.end();
  }

  async close(limitMs: number): Promise<void> {
    await this.#queue.close(limitMs);
  }

  #startRoot(name: string, context: TraceContext, startTime = Date.now()) {
    return this.#ids.choose(context, () =>
      this.#tracer.startSpan(name, { root: true, startTime }, ROOT_CONTEXT),
    );
  }

  #attributes(iteration: number | undefined, attributes: SpanAttributes = {}): Attributes {
    const { run } = this.#scope;
    return prefixed({
      ...(run === undefined ? {} : { run }),
      ...(iteration === undefined ? {} : { iteration }),
      ...attributes,
    });
  }
}

function prefixed(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`mgrpo.${name}`, value]),
  );
}

function insideOf({ traceId, spanId }: TraceContext) {
  const parent = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

/** Counts what is dropped, and says so once: a receiver that is away would fill the log. */
function dropReporter(url: string, { log, onDropped }: TracerOptions) {
  let isTold = false;
  return (reason: DropReason, numSpans: number, why: string) => {
    onDropped(reason, numSpans);
    if (isTold) return;
    isTold = true;
    log.warn(
      { url, reason, error: why },
      'spans are dropped, now and perhaps later; the run goes on, mgrpo_dropped_spans_total counts them',
    );
  };
}

/** Random ids, but for a root whose id was given away before it is recorded. */
class ChosenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #chosen: TraceContext | undefined;

  choose<T>(context: TraceContext, start: () => T): T {
    this.#chosen = context;
    try {
      return start();
    } finally {
      this.#chosen = undefined;
    }
  }

  generateTraceId(): string {
    return this.#chosen?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#chosen?.spanId ?? this.#random.generateSpanId();
  }
}
