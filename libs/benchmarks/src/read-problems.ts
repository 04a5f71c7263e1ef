import { MgrpoError } from '@mgrpo/errors';
import { boxedProblem, choiceProblem } from './answer-problems.ts';
import type { Benchmark } from './benchmark.ts';
import { type BenchmarkRow, RowReader } from './columns.ts';
import type { Problem } from './problem.ts';
import { assertsProblem, contestProblem } from './python-problems.ts';

const idNames = ['id', 'task_id', 'question_id', 'unique_id', 'Record ID', 'problem_id', 'ID'];

/** The problems of a benchmark, in the order of their file. */
export interface BenchmarkProblems {
  readonly problems: readonly Problem[];
  /** Rows of other splits or subjects. */
  readonly numLeftOut: number;
}

/**
 * Reads the rows of a benchmark's file.
 *
 * A row without an id gets its number. INVALID_INPUT names row and column, or the file without problems.
 *
 * @param renamed the user's names of columns
 */
export async function readProblems(
  benchmark: Benchmark,
  rows: AsyncIterable<BenchmarkRow>,
  renamed: ReadonlyMap<string, string> = new Map(),
): Promise<BenchmarkProblems> {
  const problems: Problem[] = [];
  const whereOfId = new Map<string, string>();
  let numRows = 0;
  for await (const row of rows) {
    numRows += 1;
    const reader = new RowReader(row, renamed);
    if (!isWanted(benchmark, reader)) continue;
    const idCell = reader.find(idNames);
    const id = idCell === null ? String(numRows) : reader.text(idNames);
    const before = whereOfId.get(id);
    if (before !== undefined) {
      throw reader.wrong(idNames, `is "${id}" as at ${before}; ids must differ`);
    }
    whereOfId.set(id, row.where);
    problems.push(problemOf(benchmark, reader, id));
  }
  if (problems.length > 0) return { problems, numLeftOut: numRows - problems.length };
  const why = numRows === 0 ? 'is empty' : `has ${numRows} rows, none of them of its split`;
  throw new MgrpoError('INVALID_INPUT', `the file of ${benchmark.name} ${why}`);
}

/** A file without the column is taken to be the split alone. */
function isWanted({ rows }: Benchmark, reader: RowReader): boolean {
  if (rows === undefined) return true;
  const value = reader.find(rows.column);
  return value === null || rows.values.includes(String(value));
}

function problemOf(benchmark: Benchmark, reader: RowReader, id: string): Problem {
  const { answer } = benchmark;
  if (answer.kind === 'boxed') return boxedProblem(answer, reader, id);
  if (answer.kind === 'choice') return choiceProblem(answer, reader, id);
  return answer.form === 'asserts'
    ? assertsProblem(answer, reader, id)
    : contestProblem(answer, reader, id);
}
