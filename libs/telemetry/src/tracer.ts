import type { Logger } from './logger.ts';
import { WorkScope } from './work-scope.ts';

/** Facts about a span; their names get the prefix `mgrpo.`. Prompts and responses never stand here. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** For the span and for the events that are logged in it; the enclosing span's where it is left out. */
  readonly iteration?: number | undefined;
  readonly attributes?: SpanAttributes;
  /**
   * W3C traceparent of the span that this one is part of, as it came with a job or a call; null, or one that can't
   * be read, begins a new trace. The enclosing span where it is left out.
   */
  readonly parent?: string | null;
}

/** A span under way. */
export interface Span {
  /** W3C traceparent, for the jobs and calls that are part of it; null where tracing is off. */
  readonly traceparent: string | null;
  /** Adds what is known only now. */
  set(attributes: SpanAttributes): void;
}

/** A span that is over, whose traceparent was given to its parts before. */
export interface PastSpan {
  readonly traceparent: string;
  readonly startedAtMs: number;
  readonly iteration?: number | undefined;
  readonly attributes?: SpanAttributes;
  /** Why it failed, if it did. */
  readonly error?: string | undefined;
}

/** Records what a service does, when and for what, if tracing is on; says in any case what log events belong to. */
export interface Tracer {
  /** Does `work` as a span, which ends with it; an error is recorded and goes on. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => T | Promise<T>): Promise<T>;
  /**
   * The traceparent of a root span that ends elsewhere or later than in one function; whoever sees the end records
   * it. Null where tracing is off.
   */
  newTrace(): string | null;
  /** Writes the root span that `newTrace` named. */
  record(name: string, span: PastSpan): void;
  /** Sends what has ended, for at most `limitMs`. Idempotent. */
  close(limitMs: number): Promise<void>;
}

export interface TracerOptions {
  /** Base URL of an OTLP/HTTP receiver, like http://localhost:4318; null turns tracing off. */
  readonly endpoint: string | null;
  /** Share of the traces that are recorded. */
  readonly sampleRatio: number;
  readonly service: string;
  /** Tells processes of a service apart. */
  readonly instance: string;
  readonly scope: WorkScope;
  readonly log: Logger;
  /** Told of spans that will never arrive. */
  onDropped(reason: DropReason, numSpans: number): void;
}

/** `queue-full`: more came than could be sent; `not-sent`: the receiver did not take them, or the process ended. */
export type DropReason = 'queue-full' | 'not-sent';

/** The tracer that the configuration asks for. The libraries of OpenTelemetry are loaded only where it is on. */
export async function openTracer({ endpoint, ...options }: TracerOptions): Promise<Tracer> {
  if (endpoint === null) return quietTracer(options.scope);
  const { OtlpTracer } = await import('./otlp-tracer.ts');
  return new OtlpTracer({ ...options, endpoint });
}

const untraced: Span = { traceparent: null, set: () => {} };

/** Tracing that is off: the scope alone is kept. */
export function quietTracer(scope = new WorkScope()): Tracer {
  return {
    span: async (_name, { iteration = scope.current.iteration }, work) =>
      await scope.enter({ iteration, traceparent: null }, () => work(untraced)),
    newTrace: () => null,
    record: () => {},
    close: async () => {},
  };
}
