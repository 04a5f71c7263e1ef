import type { BenchmarkRow } from './columns.ts';
import { readCsvRows } from './csv-rows.ts';
import { readJsonRows } from './json-rows.ts';

/** The rows of a benchmark's file, or of a data set as the Hugging Face Hub lays it out. */
export function openBenchmarkRows(path: string): AsyncIterable<BenchmarkRow> {
  return path.toLowerCase().endsWith('.csv') ? readCsvRows(path) : readJsonRows(path);
}
