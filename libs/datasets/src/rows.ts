import { dataFilesOf } from './data-files.ts';
import { readJsonRows } from './json-rows.ts';
import { readParquetRows } from './parquet-rows.ts';

/** One record of a data set, with its place for messages. */
export interface DataRow {
  /** `train.jsonl:17`, or `train.parquet, row 17`; both count from 1. */
  readonly where: string;
  /** Number in the whole data set, from 1; lines of a JSON lines file that are blank count. */
  readonly number: number;
  /** Whole numbers beyond 2^53 are bigint. */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * The rows of a data set, in the order of its files: JSON lines, JSON, Parquet, or a folder as the Hugging Face Hub
 * lays it out, with `path#split` or `path#config/split` where it holds several.
 *
 * Parquet is read one row group at a time. INVALID_INPUT names the file, and the row or the remedy.
 *
 * @param options `columns`: what of a Parquet file is needed, dotted paths too; everything unless given; `maxLineBytes`
 *   is 1 MiB unless given, which no prompt exceeds
 */
export async function* openRows(
  path: string,
  {
    columns = null,
    maxLineBytes,
  }: { readonly columns?: readonly string[] | null; readonly maxLineBytes?: number } = {},
): AsyncGenerator<DataRow> {
  let before = 0;
  for (const { file, form } of await dataFilesOf(path)) {
    let last = 0;
    const rows =
      form === 'parquet' ? readParquetRows(file, columns) : readJsonRows(file, form, maxLineBytes);
    for await (const row of rows) {
      last = row.number;
      yield { ...row, number: before + row.number };
    }
    before += last;
  }
}
