import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@mgrpo/errors';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { DropReason } from './tracer.ts';

export interface SpanQueueOptions {
  readonly exporter: SpanExporter;
  /** Spans kept while the receiver is slow or away; later ones are dropped. */
  readonly maxSpans: number;
  /** Spans of one export. */
  readonly batchSpans: number;
  /** Pause after which a smaller batch goes too. */
  readonly delayMs: number;
  onDropped(reason: DropReason, numSpans: number, why: string): void;
}

/**
 * Sends ended spans in batches, one after the other, and never makes anyone wait.
 *
 * In place of the SDK's own batching, which counts what it drops only through OpenTelemetry's metrics and has no
 * limit to its last flush.
 */
export class SpanQueue implements SpanProcessor {
  readonly #options: SpanQueueOptions;
  readonly #spans: ReadableSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SpanQueueOptions) {
    this.#options = options;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { maxSpans, batchSpans, delayMs, onDropped } = this.#options;
    if (this.#isClosed) {
      onDropped('not-sent', 1, 'it ended after the last export');
      return;
    }
    if (this.#spans.length >= maxSpans) {
      onDropped('queue-full', 1, `${maxSpans} spans wait for the receiver`);
      return;
    }
    this.#spans.push(span);
    if (this.#spans.length >= batchSpans) void this.forceFlush();
    else this.#timer ??= setTimeout(() => void this.forceFlush(), delayMs).unref();
  }

  /** Resolves when nothing is left to send; never rejects. */
  forceFlush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async shutdown(): Promise<void> {
    await this.close(0);
  }

  /** Sends what is left, for at most `limitMs`; what has not gone by then is dropped. */
  async close(limitMs: number): Promise<void> {
    if (this.#isClosed) return;
    const abort = new AbortController();
    const limit = sleep(limitMs, undefined, { signal: abort.signal }).catch(() => {});
    await Promise.race([this.forceFlush(), limit]);
    abort.abort();
    this.#isClosed = true;
    const left = this.#spans.splice(0);
    if (left.length > 0) this.#options.onDropped('not-sent', left.length, 'the process ends');
    // Waits for an export under way, which may take longer than there is time.
    void this.#options.exporter.shutdown();
  }

  async #sendAll(): Promise<void> {
    const { batchSpans, onDropped } = this.#options;
    while (this.#spans.length > 0) {
      const batch = this.#spans.slice(0, batchSpans);
      const error = await this.#send(batch);
      // Closed meanwhile: they were counted there.
      if (this.#isClosed) return;
      this.#spans.splice(0, batch.length);
      if (error !== null) onDropped('not-sent', batch.length, error);
    }
  }

  /** Null, or why the receiver has not got them. */
  async #send(batch: ReadableSpan[]): Promise<string | null> {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    try {
      // 0 is ExportResultCode.SUCCESS.
      this.#options.exporter.export(batch, ({ code, error }) =>
        resolve(code === 0 ? null : (error?.message ?? 'refused')),
      );
    } catch (error) {
      // A fault of tracing must not end the service.
      return messageOf(error);
    }
    return await promise;
  }
}
