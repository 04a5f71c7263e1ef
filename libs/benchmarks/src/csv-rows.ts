import { readFile } from 'node:fs/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { BenchmarkRow } from './columns.ts';

/**
 * The rows of a CSV file (RFC 4180) whose first row names the columns, as GPQA has it; all cells are texts.
 *
 * INVALID_INPUT names the file, and the row that has more or fewer cells than there are names.
 */
export async function* readCsvRows(path: string): AsyncGenerator<BenchmarkRow> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new MgrpoError('INVALID_INPUT', `can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const [names = [], ...rows] = csvCells(text, path);
  for (const [i, cells] of rows.entries()) {
    const where = `${path}, row ${i + 1}`;
    if (cells.length !== names.length) {
      const what = `${where} has ${cells.length} cells; the first row names ${names.length}`;
      throw new MgrpoError('INVALID_INPUT', what);
    }
    yield { where, values: Object.fromEntries(names.map((name, at) => [name, cells[at]!])) };
  }
}

/** Rows of cells; blank lines are left out. Quoted cells may hold commas, line ends and doubled quotes. */
export function csvCells(text: string, path: string): string[][] {
  // A cell and what ends it; the quoted form first, since a quote can't begin the other.
  const cell = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  const rows: string[][] = [];
  let row: string[] = [];
  cell.lastIndex = text.startsWith('\ufeff') ? 1 : 0;
  while (cell.lastIndex < text.length || row.length > 0) {
    const at = cell.lastIndex;
    const found = cell.exec(text);
    if (found === null) {
      const line = text.slice(0, at).split('\n').length;
      const what = `${path}:${line} is no CSV: a quote stands alone or is never closed`;
      throw new MgrpoError('INVALID_INPUT', what);
    }
    const [, quoted, plain = '', end] = found;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}
