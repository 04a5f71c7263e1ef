import type { ExportedFile, ExportedRun } from './exported-run.ts';
import type { ScalarRow } from './run-scalars.ts';
import { yamlFile } from './yaml.ts';

/**
 * The three files by which a client of Weights & Biases describes a run: `config.yaml` (`wandb.init(config=…)` reads
 * it), a history row for each step, and the last value of each metric. They are not a run folder for `wandb sync`:
 * that holds a binary log which only W&B's own client writes.
 */
export function wandbFiles({ name, config, rows, startMs }: ExportedRun): ExportedFile[] {
  const settings = Object.entries(config).map(([key, value]) => [key, { value }]);
  const steps = [...Map.groupBy(rows, ({ step }) => step).values()];
  const history = steps.map((parts) => historyRow(parts, startMs));
  const files = {
    'config.yaml': yamlFile({ wandb_version: 1, ...Object.fromEntries(settings) }),
    'wandb-history.jsonl': history.map((row) => `${JSON.stringify(row)}\n`).join(''),
    'wandb-summary.json': `${JSON.stringify(Object.assign({}, ...history), null, 2)}\n`,
  };
  return Object.entries(files).map(([file, content]) => ({ path: `${name}/${file}`, content }));
}

/** The evaluation and the iteration of a step in one row, under the names that W&B gives step and seconds. */
function historyRow(parts: readonly ScalarRow[], startMs: number): Record<string, number> {
  const { step, timeMs } = parts.at(-1)!;
  const values = Object.fromEntries(parts.flatMap((part) => [...part.values]));
  return { _step: step, _timestamp: timeMs / 1000, _runtime: (timeMs - startMs) / 1000, ...values };
}
