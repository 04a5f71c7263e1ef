import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  isAttainable,
  leastSamples,
  pointsBetween,
  rightCounts,
  standardErrorPoints,
} from './attainable.ts';
import { type BenchmarkName, benchmarks, findRow, type Row, rows, textClaims } from './tables.ts';

const entries = (row: Row) => Object.entries(row.values) as [BenchmarkName, string][];
const column = (name: BenchmarkName) => rows.flatMap((row) => row.values[name] ?? []);
const different = (texts: readonly string[]) => [...new Set(texts)];

/** Cells of a column that no count gives, as `Table 1, SRT-T1.1-G16: 0.7515`. */
function unattainable(name: BenchmarkName, problems: number, samples: number): string[] {
  return rows.flatMap(({ table, label, values }) => {
    const text = values[name];
    return text === undefined || isAttainable(text, problems, samples)
      ? []
      : [`Table ${table}, ${label}: ${text}`];
  });
}

/** Points by which `row` is above `base`, for each benchmark that both have. */
function pointsOver(row: Row, base: Row): Partial<Record<BenchmarkName, number>> {
  const differences = entries(row).flatMap(([name, text]) => {
    const other = base.values[name];
    return other === undefined ? [] : [[name, pointsBetween(text, other)] as const];
  });
  return Object.fromEntries(differences);
}

const srtBest = findRow(2, 'SRT_Best');
const srtFinal = findRow(2, 'SRT_Final');
const secondSrtFinal = findRow(2, 'SRT_Final', 1);
const mgrpoIqr = findRow(2, 'M-GRPO+IQR_Final');

const paperFile = join(import.meta.dirname, '../../../shared/paper.txt');

test.skipIf(!existsSync(paperFile))(
  'the tables here are the paper, cell by cell (skipped without ../shared/paper.txt)',
  () => {
    const plain = readFileSync(paperFile, 'utf8')
      .split('\n')
      .map((line) => line.replace(/<\/?i>|\*/g, '').trim());
    for (const row of rows) {
      const cells = entries(row).map(([, text]) => text);
      expect(plain.some((line) => line.startsWith([row.label, ...cells].join('\t')))).toBe(true);
    }
  },
);

test('MATH500: 13 of 17 cells are impossible with one answer to each of 500 problems', () => {
  expect(column('MATH500')).toHaveLength(17);
  expect(unattainable('MATH500', 500, 1)).toEqual([
    'Table 1, Original: 0.615',
    'Table 1, SRT-T1.1-G16: 0.7515',
    'Table 1, SRT-T0.8-G16: 0.7395',
    'Table 1, SRT-T1.2-G16: 0.7615',
    'Table 1, SRT-T1.1-G32: 0.7405',
    'Table 2, Original: 61.50%',
    'Table 2, SRT_Final: 47.50%',
    'Table 2, SRT_Final: 79.70%',
    'Table 2, M-GRPO+IQR_Final: 79.75%',
    'Table 3, Original: 61.50%',
    'Table 3, M-GRPO+IQR_G16: 79.75%',
    'Table 3, M-GRPO+IQR_G32: 79.75%',
    'Table 3, M-GRPO+IQR_G256: 79.50%',
  ]);
});

test('MATH500: all cells are possible with four answers to each problem, and not with fewer', () => {
  expect(leastSamples(column('MATH500'), 500)).toBe(4);
});

test('MATH500: one answer to each of the 5,000 problems of the whole MATH test split is no explanation', () => {
  expect(different(column('MATH500').filter((text) => !isAttainable(text, 5000, 1)))).toEqual([
    '0.7515',
    '0.7395',
    '0.7615',
    '0.7405',
    '79.75%',
  ]);
});

test('AIME: two cells are impossible with 8 answers to each of 30 problems', () => {
  expect(unattainable('AIME24', 30, 8)).toEqual(['Table 3, M-GRPO+IQR_G16: 14.43%']);
  expect(unattainable('AIME25', 30, 8)).toEqual(['Table 1, SRT-T1.1-G32: 0.1062']);
  expect(leastSamples(column('AIME25'), 30)).toBe(16);
  expect(leastSamples(['14.43%'], 30)).toBeNull();
});

test('GPQA: one cell is impossible with one answer to each of 448 problems', () => {
  expect(unattainable('GPQA', 448, 1)).toEqual(['Table 3, M-GRPO+IQR_G16: 33.94%']);
  expect(rightCounts('33.93%', 448)).toEqual([152]);
});

test('GPQA Diamond and mbpp: every cell is possible as described', () => {
  expect(unattainable('GPQA Diamond', 198, 8)).toEqual([]);
  expect(unattainable('mbpp', 500, 1)).toEqual([]);
});

test('MMLU-pro: with more than 10,000 problems two decimals are always possible, so nothing is checked', () => {
  expect(benchmarks['MMLU-pro'].problems).toBeGreaterThan(10_000);
  expect(unattainable('MMLU-pro', benchmarks['MMLU-pro'].problems, 1)).toEqual([]);
});

test('LiveCode: one answer each fits no public release, nor any set of fewer than 1,427 problems', () => {
  const fits = (problems: number) => unattainable('LiveCode', problems, 1).length === 0;
  expect([400, 511, 612, 713, 880, 1055].filter(fits)).toEqual([]);
  expect(Array.from({ length: 1427 }, (_, index) => index + 1).filter(fits)).toEqual([1427]);
});

test("section 4.1's GPQA of 40.09 % is in no table, impossible for GPQA and possible for GPQA Diamond", () => {
  const { gpqaFinal } = textClaims;
  expect(rows.flatMap(entries).filter(([, text]) => text === gpqaFinal)).toEqual([]);
  expect(rightCounts(gpqaFinal, 448)).toEqual([]);
  expect(rightCounts(gpqaFinal, 198 * 8)).toEqual([635]);
});

test("section 4.1's gains are not those of the M-GRPO+IQR row", () => {
  expect(textClaims.pointsOverSrtBest).toEqual({ AIME24: 2.92, GPQA: 5.05, LiveCode: 7.43 });
  expect(pointsOver(mgrpoIqr, srtBest)).toEqual({
    MATH500: 0.55,
    AIME24: 2.08,
    AIME25: 2.5,
    'GPQA Diamond': 1.39,
    GPQA: 0.45,
  });
  // The text agrees with itself: its GPQA gain is its two GPQA numbers' difference.
  const { gpqaFinal, gpqaSrtPeak, pointsOverSrtBest } = textClaims;
  expect(pointsBetween(gpqaFinal, gpqaSrtPeak)).toBe(pointsOverSrtBest.GPQA);
});

test('no row of any table is 2.92 points above SRT_Best on AIME24 or 5.05 on GPQA', () => {
  const { AIME24, GPQA } = textClaims.pointsOverSrtBest;
  const gains = rows.map((row) => pointsOver(row, srtBest));
  expect(gains.filter((gain) => gain.AIME24 === AIME24 || gain.GPQA === GPQA)).toEqual([]);
});

test('the second SRT_Final row is what the text calls M-GRPO on LiveCode', () => {
  expect(mgrpoIqr.values.LiveCode).toBeUndefined();
  expect(pointsOver(secondSrtFinal, srtBest).LiveCode).toBe(textClaims.pointsOverSrtBest.LiveCode);
  expect(pointsOver(srtFinal, srtBest).LiveCode).toBeLessThan(0);
});

test('if that row is M-GRPO without the filter, the filter gains on four benchmarks and loses on GPQA', () => {
  expect(pointsOver(mgrpoIqr, secondSrtFinal)).toEqual({
    MATH500: 0.05,
    AIME24: 2.08,
    AIME25: 0.84,
    'GPQA Diamond': 1.71,
    GPQA: -2.23,
  });
});

test('"across all six benchmarks": M-GRPO+IQR is above SRT_Final on the five it has, far', () => {
  const gains = Object.values(pointsOver(mgrpoIqr, srtFinal));
  expect(gains).toHaveLength(5);
  expect(Math.min(...gains)).toBe(5.42);
});

test('Table 2 sets SRT at G = 64 against M-GRPO at G = 32', () => {
  const sameNumbers = (one: Row, other: Row) =>
    Object.values(pointsOver(one, other)).every((gap) => gap === 0);
  const like = (row: Row, table: 1 | 3) =>
    rows
      .filter((other) => other.table === table && sameNumbers(row, other))
      .map((found) => found.label);
  expect(like(srtBest, 1)).toEqual(['SRT-T1.1-G64']);
  expect(like(mgrpoIqr, 3)).toEqual(['M-GRPO+IQR_G32']);
});

test('at an equal G = 32 the gains over the best SRT are larger than those printed', () => {
  const equal = pointsOver(mgrpoIqr, findRow(1, 'SRT-T1.1-G32'));
  expect(equal).toEqual({
    MATH500: 5.7,
    AIME24: 3.75,
    AIME25: 3.55,
    'GPQA Diamond': 3.79,
    GPQA: 2.01,
  });
  const printed = pointsOver(mgrpoIqr, srtBest);
  expect(entries(mgrpoIqr).every(([name]) => equal[name]! > printed[name]!)).toBe(true);
});

test("35.04 % is not SRT's peak on GPQA: Table 1 has it higher at three settings", () => {
  const higher = rows.filter(
    ({ table, values }) => table === 1 && pointsBetween(values.GPQA!, textClaims.gpqaSrtPeak) > 0,
  );
  expect(higher.map(({ label }) => label)).toEqual([
    'SRT-T0.8-G16',
    'SRT-T1.2-G16',
    'SRT-T1.1-G128',
  ]);
});

test('section 4.2 compares SRT at G = 16 and T = 1.2 with G = 64 and T = 1.1', () => {
  expect(findRow(1, 'SRT-T1.2-G16').values.MATH500).toBe('0.7615');
  const atOneTemperature = [16, 32, 64, 128].map(
    (groupSize) => findRow(1, `SRT-T1.1-G${groupSize}`).values.MATH500,
  );
  // Not monotone in G.
  expect(atOneTemperature).toEqual(['0.7515', '0.7405', '0.792', '0.762']);
});

test('Table 3: from G = 8 to 32 five columns rise and two fall', () => {
  expect(pointsOver(findRow(3, 'M-GRPO+IQR_G32'), findRow(3, 'M-GRPO+IQR_G8'))).toEqual({
    MATH500: 2.15,
    AIME24: 3.33,
    AIME25: 3.75,
    'GPQA Diamond': 0.63,
    GPQA: -2.01,
    'MMLU-pro': -0.58,
    mbpp: 2,
  });
});

test('Table 3: from G = 32 to 256 three columns still rise by 1 to 3 points', () => {
  expect(pointsOver(findRow(3, 'M-GRPO+IQR_G256'), findRow(3, 'M-GRPO+IQR_G32'))).toEqual({
    MATH500: -0.25,
    AIME24: 2.09,
    AIME25: 0,
    'GPQA Diamond': 1.01,
    GPQA: 2.9,
    'MMLU-pro': -0.39,
    mbpp: -0.2,
  });
});

test('the collapse is far outside chance, the gains over SRT_Best are within two standard errors', () => {
  const standardErrorOfGap = (name: BenchmarkName, a: Row, b: Row) => {
    const { problems, samples } = benchmarks[name];
    const errors = [a, b].map((row) => standardErrorPoints(row.values[name]!, problems! * samples));
    return Math.hypot(...errors);
  };
  const collapse = pointsBetween(srtBest.values.MATH500!, srtFinal.values.MATH500!);
  expect(collapse).toBe(31.7);
  expect(collapse / standardErrorOfGap('MATH500', srtBest, srtFinal)).toBeGreaterThan(10);
  // Rough: every answer counts as independent, and rows are not paired by problem, for which the paper has no numbers.
  for (const [name] of entries(mgrpoIqr)) {
    const gain = pointsBetween(mgrpoIqr.values[name]!, srtBest.values[name]!);
    expect(gain / standardErrorOfGap(name, mgrpoIqr, srtBest)).toBeLessThan(2);
  }
});

test('rows that stand in several tables agree', () => {
  const [first, second, third] = ([1, 2, 3] as const).map((table) => findRow(table, 'Original'));
  expect(Object.values(pointsOver(second!, first!)).every((gap) => gap === 0)).toBe(true);
  expect(Object.values(pointsOver(third!, second!)).every((gap) => gap === 0)).toBe(true);
});
