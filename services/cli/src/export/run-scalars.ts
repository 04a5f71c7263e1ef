import type { MetricsRecord } from '@mgrpo/checkpoint';

/** All values of one record of `metrics.jsonl`. */
export interface ScalarRow {
  /** Weight version: iterations applied before the rollouts, or before the evaluation. */
  readonly step: number;
  /** When the record was written, reconstructed (ms since 1970). */
  readonly timeMs: number;
  /** By name, like `train/reward`. */
  readonly values: ReadonlyMap<string, number>;
}

export interface RunScalars {
  /** In the order of time; an evaluation comes before the iteration that follows it. */
  readonly rows: readonly ScalarRow[];
  /** When the first iteration began, reconstructed (ms since 1970). */
  readonly startMs: number;
}

/**
 * The numbers of a run, named by group: `train`, `learner` (the optimiser step), `dropped`, `seconds`, `validation`.
 *
 * The records are a function of configuration and seed and hold no clock. Times are counted back from `endMs`, when
 * the last one was written, by the seconds that each iteration took; what a pause between them took is not known.
 */
export function runScalars(records: readonly MetricsRecord[], endMs: number): RunScalars {
  const ordered = [...records].sort((a, b) => stepOf(a) - stepOf(b) || rankOf(a) - rankOf(b));
  let timeMs = endMs;
  const rows = ordered.toReversed().map((record) => {
    const values = new Map(
      record.kind === 'iteration' ? iterationValues(record) : evaluationValues(record),
    );
    const row: ScalarRow = { step: stepOf(record), timeMs, values };
    timeMs -= 1000 * (values.get('seconds/total') ?? 0);
    return row;
  });
  return { rows: withZeroCounts(rows.toReversed()), startMs: timeMs };
}

type Value = readonly [name: string, value: number];

const stepOf = (record: MetricsRecord) =>
  record.kind === 'iteration' ? record.iteration : record.version;
const rankOf = (record: MetricsRecord) => (record.kind === 'evaluation' ? 0 : 1);

function iterationValues(record: MetricsRecord & { kind: 'iteration' }): Value[] {
  const { kind: _kind, iteration: _iteration, ...groups } = record;
  const { step, seconds, dropped, collapse, learningRates, momentumCoefficients, ...train } =
    groups;
  return [
    ...numbers('train', train),
    ...numbers('train/collapse_suspected', isSuspected(collapse)),
    ...numbers('learner', step),
    ...numbers('learner/learning_rate', lastOf(learningRates)),
    ...numbers('learner/momentum_coefficient', lastOf(momentumCoefficients)),
    ...numbers('dropped', dropped),
    ...numbers('seconds', seconds),
  ];
}

function evaluationValues(record: MetricsRecord & { kind: 'evaluation' }): Value[] {
  const { kind: _kind, version: _version, passes, ...others } = record;
  const named = (Array.isArray(passes) ? passes : []).flatMap((pass: unknown) => {
    const { temperature, ...measures } = section(pass);
    const decoding = temperature === 0 ? 'greedy' : 'sampled';
    return Object.entries(measures).flatMap(([key, value]) =>
      numbers(`validation/${decoding}_${snakeCase(key)}`, value),
    );
  });
  return [...numbers('validation', others), ...named];
}

/** The finite numbers under a value, each with its path; truth values as 0 and 1. */
function numbers(path: string, value: unknown): Value[] {
  if (typeof value === 'boolean') return [[path, Number(value)]];
  if (typeof value === 'number') return Number.isFinite(value) ? [[path, value]] : [];
  if (Array.isArray(value)) return [];
  return Object.entries(section(value)).flatMap(([key, part]) =>
    numbers(`${path}/${snakeCase(key)}`, part),
  );
}

/** Only letters, digits and `_`, so that a name is a path of every tracker and leads out of no folder. */
function snakeCase(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return words.replace(/[^a-z0-9_]/g, '_') || '_';
}

/** A reason for which nothing was dropped is missing in the record; its curve is 0 there. */
function withZeroCounts(rows: readonly ScalarRow[]): ScalarRow[] {
  const reasons = new Set(rows.flatMap(({ values }) => [...values.keys()]).filter(isCount));
  const zeros = [...reasons].map((name): Value => [name, 0]);
  return rows.map((row) => {
    const isIteration = row.values.has('seconds/total');
    return isIteration ? { ...row, values: new Map([...zeros, ...row.values]) } : row;
  });
}

const isCount = (name: string) => name.startsWith('dropped/');

function isSuspected(collapse: unknown): boolean | null {
  const { kind } = section(collapse);
  return kind === undefined ? null : kind === 'suspected';
}

function lastOf(values: unknown): unknown {
  return Array.isArray(values) ? values.at(-1) : null;
}

function section(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
