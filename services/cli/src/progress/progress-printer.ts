import type { MetricsRecord } from '@mgrpo/checkpoint';
import { readLog } from '../training-log.ts';
import {
  evaluationLine,
  iterationLine,
  type ProgressView,
  progressBlock,
} from './progress-text.ts';

/** Where progress is written: process.stdout, or a test's. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows the progress of a run: a block that is redrawn on a terminal, lines elsewhere, or JSON lines. */
export interface ProgressPrinter {
  /** Something for people, such as a service that was started again; not part of the JSON. */
  notice(message: string): void;
  record(record: MetricsRecord): void;
  /** The last word, below everything. */
  end(message: string): void;
}

/** @param records of a run that goes on: they are drawn, not printed again */
export function progressPrinter(
  output: Output,
  options: {
    readonly json: boolean;
    readonly total: number;
    readonly records: readonly MetricsRecord[];
  },
): ProgressPrinter {
  if (options.json) {
    return {
      notice: () => {},
      end: () => {},
      record: (record) => output.write(`${JSON.stringify(record)}\n`),
    };
  }
  const records = [...options.records];
  const view = (): ProgressView => ({ log: readLog(records), total: options.total });
  return output.isTTY === true
    ? blockPrinter(output, { records, view })
    : linePrinter(output, { records, view });
}

interface Course {
  readonly records: MetricsRecord[];
  readonly view: () => ProgressView;
}

function linePrinter(output: Output, { records, view }: Course): ProgressPrinter {
  const say = (message: string) => output.write(`${message}\n`);
  return {
    notice: say,
    end: say,
    record: (record) => {
      records.push(record);
      const line = record.kind === 'iteration' ? iterationLine(view()) : evaluationLine(view());
      say(line);
    },
  };
}

function blockPrinter(output: Output, { records, view }: Course): ProgressPrinter {
  let drawn = 0;
  const erase = () => (drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : '');
  const draw = (above: string) => {
    // One column is left free: a line that fills the last one wraps on some terminals.
    const lines = progressBlock(view(), (output.columns ?? 80) - 1);
    output.write(`${erase()}${above}${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  return {
    notice: (message) => draw(`${message}\n`),
    end: (message) => output.write(`${message}\n`),
    record: (record) => {
      records.push(record);
      draw('');
    },
  };
}
