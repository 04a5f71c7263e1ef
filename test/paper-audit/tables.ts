/**
 * How a benchmark is scored. `samples` is the paper's (section 3: 8 for AIME and GPQA Diamond, one for the rest); the
 * paper prints no sizes, so `problems` is what the public data sets hold.
 */
export interface Benchmark {
  readonly problems: number | null;
  readonly samples: number;
}

export const benchmarks = {
  MATH500: { problems: 500, samples: 1 },
  AIME24: { problems: 30, samples: 8 },
  AIME25: { problems: 30, samples: 8 },
  'GPQA Diamond': { problems: 198, samples: 8 },
  GPQA: { problems: 448, samples: 1 },
  // Releases hold 400 to 1,055 problems; the paper names none.
  LiveCode: { problems: null, samples: 1 },
  'MMLU-pro': { problems: 12_032, samples: 1 },
  mbpp: { problems: 500, samples: 1 },
} as const satisfies Readonly<Record<string, Benchmark>>;

export type BenchmarkName = keyof typeof benchmarks;

/** A row of the paper, its numbers as printed; a benchmark is absent where the cell is. */
export interface Row {
  readonly table: 1 | 2 | 3;
  /** As printed: two rows of Table 2 have the same. */
  readonly label: string;
  readonly values: Readonly<Partial<Record<BenchmarkName, string>>>;
}

const reasoning = ['MATH500', 'AIME24', 'AIME25', 'GPQA Diamond', 'GPQA'] as const;

const columns: Readonly<Record<Row['table'], readonly BenchmarkName[]>> = {
  1: reasoning,
  2: [...reasoning, 'LiveCode'],
  3: [...reasoning, 'MMLU-pro', 'mbpp'],
};

/** `label | numbers`, the numbers in the order of the table's columns; `\` is an empty cell, as in the paper. */
function row(table: Row['table'], line: string): Row {
  const [label = '', cells = ''] = line.split(' | ');
  const values = cells
    .split(' ')
    .map((cell, column) => [columns[table][column]!, cell] as const)
    .filter(([, cell]) => cell !== '\\');
  return { table, label, values: Object.fromEntries(values) };
}

/** Tables 1 to 3, in the paper's order; all rows are Qwen3-4B-Base. */
export const rows: readonly Row[] = [
  row(1, 'Original | 0.615 .00833 0.0500 0.3441 0.2991'),
  row(1, 'SRT-T1.1-G16 | 0.7515 0.0917 0.1042 0.3706 0.3482'),
  row(1, 'SRT-T0.8-G16 | 0.7395 0.0958 0.0708 0.3655 0.3772'),
  row(1, 'SRT-T1.2-G16 | 0.7615 0.1042 0.0708 0.3649 0.3571'),
  row(1, 'SRT-T1.1-G32 | 0.7405 0.1083 0.1062 0.3586 0.3348'),
  row(1, 'SRT-T1.1-G64 | 0.792 0.1250 0.1167 0.3826 0.3504'),
  row(1, 'SRT-T1.1-G128 | 0.762 0.0917 0.0875 0.3586 0.3638'),
  row(2, 'Original | 61.50% 0.83% 5.00% 34.41% 29.91% 9.61%'),
  row(2, 'SRT_Best | 79.20% 12.50% 11.67% 38.26% 35.04% 19.69%'),
  row(2, 'SRT_Final | 47.50% 7.50% 8.75% 28.54% 25.89% 16.12%'),
  row(2, 'SRT_Final | 79.70% 12.50% 13.33% 37.94% 37.72% 27.12%'),
  row(2, 'M-GRPO+IQR_Final | 79.75% 14.58% 14.17% 39.65% 35.49% \\'),
  row(3, 'Original | 61.50% 0.83% 5.00% 34.41% 29.91% 51.38% 63.40%'),
  row(3, 'M-GRPO+IQR_G8 | 77.60% 11.25% 10.42% 39.02% 37.50% 56.05% 68.60%'),
  row(3, 'M-GRPO+IQR_G16 | 79.75% 14.43% 10.00% 39.65% 33.94% 57.05% 70.40%'),
  row(3, 'M-GRPO+IQR_G32 | 79.75% 14.58% 14.17% 39.65% 35.49% 55.47% 70.60%'),
  row(3, 'M-GRPO+IQR_G256 | 79.50% 16.67% 14.17% 40.66% 38.39% 55.08% 70.40%'),
];

/** What the text of section 4.1 says of M-GRPO's final checkpoint against SRT's best. */
export const textClaims = {
  gpqaFinal: '40.09%',
  gpqaSrtPeak: '35.04%',
  pointsOverSrtBest: { AIME24: 2.92, GPQA: 5.05, LiveCode: 7.43 },
} as const;

/** The row with this label; `nth` tells rows of one label apart, from 0. */
export function findRow(table: Row['table'], label: string, nth = 0): Row {
  const found = rows.filter((row) => row.table === table && row.label === label)[nth];
  if (!found) throw new Error(`Table ${table} has no row ${label} number ${nth}`);
  return found;
}
