import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type ExportedFile, readRun } from '../export/exported-run.ts';
import { mlflowFiles } from '../export/mlflow-files.ts';
import { tensorboardFiles } from '../export/tensorboard-files.ts';
import { wandbFiles } from '../export/wandb-files.ts';

export interface ExportFlags {
  readonly to: 'tensorboard' | 'wandb' | 'mlflow';
  readonly out: string;
}

/** Writes a run's metrics in the form of an experiment tracker and says how to look at them. */
export async function exportRun(folder: string, { to, out }: ExportFlags): Promise<number> {
  const run = await readRun(folder);
  const store = resolve(out);
  if (existsSync(join(store, run.name, runFiles.manifest))) {
    const what = `${join(out, run.name)} is a run, and the export would be written into it`;
    throw new MgrpoError('USAGE', `${what}; choose another folder with --out`);
  }
  const files = {
    tensorboard: () => tensorboardFiles(run),
    wandb: () => wandbFiles(run),
    mlflow: () => mlflowFiles(run, store),
  }[to]();
  for (const file of files) await writeExported(store, file);
  const next = {
    tensorboard: `tensorboard --logdir ${out}`,
    wandb: `the script of docs/export.md, with ${join(out, run.name)}`,
    mlflow: `mlflow migrate-filestore --source ${out} --target sqlite:///mlflow.db`,
  }[to];
  const numMetrics = new Set(run.rows.flatMap(({ values }) => [...values.keys()])).size;
  process.stdout.write(
    `${run.name}: ${numMetrics} metrics of ${run.rows.length} records in ${out}\nNext: ${next}\n`,
  );
  return 0;
}

/** A reader sees the file of the last export or of this one, never a part. */
async function writeExported(store: string, { path, content, isShared }: ExportedFile) {
  const file = join(store, path);
  if (isShared && existsSync(file)) return;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  } catch (cause) {
    const what = `can't write ${file}: ${messageOf(cause)}`;
    throw new MgrpoError('RESOURCE', `${what}; free the place or choose another --out`, { cause });
  }
}
