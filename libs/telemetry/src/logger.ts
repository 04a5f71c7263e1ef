import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { WorkScope } from './work-scope.ts';

export type { Logger } from 'pino';

/** Levels of a log, least severe first; `silent` logs nothing. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  /** Stands in every event: `policy-rollout`, `learner`. */
  readonly service: string;
  readonly level: LogLevel;
  /** Adds run, iteration and trace to every event, where they are known. */
  readonly scope?: WorkScope;
}

/**
 * A logger of events with fields, one JSON object a line: `log.info({ step, loss }, 'train step')`.
 *
 * Goes to stderr, unbuffered: stdout belongs to what a command answers, and the last words of a process that
 * is killed must not be lost. Prompts and responses are never logged; an error goes under `err`.
 */
export function createLogger(
  { service, level, scope }: LogOptions,
  stream: DestinationStream = destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => ({ ...scope?.fields }),
    },
    stream,
  );
}
