import { openRows } from '@mgrpo/datasets';
import type { Benchmark } from './benchmark.ts';
import type { BenchmarkRow } from './columns.ts';
import { readCsvRows } from './csv-rows.ts';
import { readJsonRows } from './json-rows.ts';

/**
 * The rows of a benchmark's file, or of a data set as the Hugging Face Hub lays it out (`FOLDER#config/split`).
 *
 * CSV is for GPQA, whose owners give out nothing else; LiveCodeBench has lines of many megabytes.
 */
export function openBenchmarkRows(
  { answer }: Benchmark,
  path: string,
): AsyncIterable<BenchmarkRow> {
  const name = path.toLowerCase();
  if (name.endsWith('.csv')) return readCsvRows(path);
  const hasLongLines = answer.kind === 'python' && answer.form === 'contest';
  return hasLongLines && name.endsWith('.jsonl') ? readJsonRows(path) : openRows(path);
}
