import { type BenchmarkScore, benchmarks } from '@mgrpo/benchmarks';

/** A score with the name of its benchmark and what else a reader must know. */
export interface NamedScore extends BenchmarkScore {
  readonly benchmark: string;
  /** Problems whose prompt alone fills the model's positions; they count as unanswered. */
  readonly tooLong: number;
}

/** The scores as a table for people. */
export function scoreTable(scores: readonly NamedScore[]): string {
  const header = [
    'benchmark',
    'problems',
    'accuracy',
    '95 % interval',
    'majority',
    'pass@k',
    'unanswered',
    'cut',
    'tokens',
  ];
  return table([header, ...scores.map(scoreRow)]);
}

function scoreRow(score: NamedScore): string[] {
  const { problems, samples, interval, majority, passAt, tooLong } = score;
  return [
    score.benchmark,
    samples === 1 ? `${problems}` : `${problems} × ${samples}`,
    percent(score.accuracy),
    `${percent(interval.low)} to ${percent(interval.high)}`,
    samples === 1 || majority === null ? '-' : percent(majority),
    samples === 1 ? '-' : `${percent(passAt[samples] ?? 0)} @${samples}`,
    percent(score.unanswered),
    tooLong === 0 ? percent(score.cut) : `${percent(score.cut)}, ${tooLong} too long`,
    score.responseTokens.toFixed(0),
  ];
}

/** The benchmarks there are, as a table. */
export function benchmarkTable(): string {
  const header = ['benchmark', 'what', 'problems', 'k', 'answer', 'file in --data', 'source'];
  const rows = benchmarks.map(({ name, title, size, samples, answer, files, source }) => [
    name,
    title,
    size === null ? '-' : `${size}`,
    `${samples}`,
    { boxed: '\\boxed{}', choice: 'letter', python: 'Python' }[answer.kind],
    `${files[0]}.jsonl`,
    source,
  ]);
  return table([header, ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
