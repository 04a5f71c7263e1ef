import { openRows } from '@mgrpo/datasets';
import type { Benchmark } from './benchmark.ts';
import type { BenchmarkRow } from './columns.ts';
import { readCsvRows } from './csv-rows.ts';

/** LiveCodeBench has lines of many megabytes. */
const longLines = { maxLineBytes: 256 << 20 };

/**
 * The rows of a benchmark's file, or of a data set as the Hugging Face Hub lays it out (`FOLDER#config/split`).
 *
 * CSV is for GPQA, whose owners give out nothing else.
 */
export function openBenchmarkRows(
  { answer }: Benchmark,
  path: string,
): AsyncIterable<BenchmarkRow> {
  if (path.toLowerCase().endsWith('.csv')) return readCsvRows(path);
  const hasLongLines = answer.kind === 'python' && answer.form === 'contest';
  return openRows(path, hasLongLines ? longLines : {});
}
