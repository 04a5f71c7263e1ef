import { AsyncLocalStorage } from 'node:async_hooks';
import { parseTraceparent } from './traceparent.ts';

/** What the work in hand belongs to. */
export interface Work {
  readonly iteration?: number | undefined;
  /** Of the span that encloses it; null outside of any trace. */
  readonly traceparent: string | null;
}

/** The fields of a log event that say what it belongs to. */
export interface WorkFields {
  readonly run?: string;
  readonly iteration?: number;
  /** Trace id, where the trace is recorded: 32 hex digits. */
  readonly trace?: string;
}

const nothing: Work = { traceparent: null };

/**
 * Knows in any function what the work in hand belongs to, through all that it awaits, so that events and child
 * spans need not be told.
 */
export class WorkScope {
  readonly #storage = new AsyncLocalStorage<Work>();
  #run: string | undefined;

  /** The id of the run that the process serves, once it knows; for everything from now on. */
  get run(): string | undefined {
    return this.#run;
  }

  join(run: string): void {
    this.#run = run;
  }

  get current(): Work {
    return this.#storage.getStore() ?? nothing;
  }

  enter<T>(work: Work, does: () => T): T {
    return this.#storage.run(work, does);
  }

  /** For the logger: fields that are not known are absent. */
  get fields(): WorkFields {
    const { iteration, traceparent } = this.current;
    const context = parseTraceparent(traceparent);
    return {
      ...(this.#run === undefined ? {} : { run: this.#run }),
      ...(iteration === undefined ? {} : { iteration }),
      ...(context?.isSampled ? { trace: context.traceId } : {}),
    };
  }
}
