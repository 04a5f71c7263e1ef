// Judges the collapse sentinel on recorded trials, offline:
//   node bench/experiments/sentinel.ts runs/study-collapse/trials [more folders or files]… [--set patience=4]…
// Prints one table by base and arm, one by sign, and a line for each trial that collapsed or was suspected.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultCollapseOptions } from '@mgrpo/algorithm';
import { judgeSentinel, readTrial, sentinelRow, sentinelTable, signRows } from '@mgrpo/study';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { set: { type: 'string', multiple: true, default: [] } },
});
const options = {
  ...defaultCollapseOptions,
  ...Object.fromEntries(
    values.set.map((assignment) => {
      const [key, value] = assignment.split('=');
      return [key, JSON.parse(value ?? 'null')];
    }),
  ),
};
const filesIn = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => filesIn(join(path, name)))
    : [path].filter((file) => /seed-\d+\.jsonl$/.test(file));
const trials = positionals.flatMap(filesIn).flatMap((file) => readTrial(file) ?? []);
const kinds = Map.groupBy(trials, ({ start }) => `${start.base}, ${start.arm}`);
const rows = [...kinds].map(([title, of]) => sentinelRow(title, of, options));
const all = sentinelRow('all', trials, options);
const tables = [
  sentinelTable('By arm', 'base, arm', [...rows, all]),
  sentinelTable('By sign', 'sign alone', signRows(trials, options)),
];
for (const table of tables) {
  const lines = [table.columns, table.columns.map(() => '---'), ...table.rows];
  const text = lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  process.stdout.write(`${table.title}\n\n${text}\n`);
}
for (const { start, ...trial } of trials) {
  const verdict = judgeSentinel(trial, options);
  if (verdict.kind === 'quiet') continue;
  const lost = 'lostAt' in verdict ? `, a quarter lost at ${verdict.lostAt}` : '';
  const alarm =
    'alarm' in verdict ? ` at ${verdict.alarm.at} (${verdict.alarm.reasons.join(', ')})` : '';
  const name = `${start.base}, ${start.arm}, seed ${start.seed}`;
  process.stdout.write(`${name}: ${verdict.kind}${alarm}${lost}\n`);
}
