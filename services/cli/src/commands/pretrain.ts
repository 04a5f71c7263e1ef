import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPretrainConfig, type PretrainConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { sameFingerprint } from '@mgrpo/runtime';
import {
  type PretrainingManifest,
  pretrain as pretrainModel,
  readPretraining,
} from '@mgrpo/training';
import { PretrainingProgress } from '../progress/pretraining-progress.ts';
import { setSettings, textSetting } from '../settings.ts';
import { stopSignal } from '../stop-signal.ts';

export interface PretrainFlags {
  readonly output?: string;
  readonly set: readonly string[];
  readonly json?: boolean;
}

const defaultRecipe = fileURLToPath(
  new URL('../../../../recipes/arithmetic-base.yaml', import.meta.url),
);

/** Makes a base model from scratch, shows how it goes, and says whether its bits are those it replaces. */
export async function pretrain(recipe: string | undefined, flags: PretrainFlags): Promise<number> {
  const config = loadPretrainConfig({
    file: recipe ?? defaultRecipe,
    overrides: [...textSetting('--output', 'output', flags.output), ...setSettings(flags.set)],
  });
  const json = flags.json === true;
  const before = await readPretraining(config.output);
  const progress = new PretrainingProgress(process.stdout, {
    json,
    total: config.steps,
    now: () => performance.now(),
  });
  progress.notice(headline(config));
  const stop = stopSignal((message) => progress.notice(message));
  try {
    const manifest = await pretrainModel(config, {
      onStep: (step) => progress.step(step),
      signal: stop.signal,
    });
    if (json) process.stdout.write(`${JSON.stringify({ kind: 'summary', ...manifest })}\n`);
    progress.notice(farewell(config, manifest, before));
    return 0;
  } catch (error) {
    if (!(error instanceof MgrpoError) || error.code !== 'CANCELLED') throw error;
    progress.notice('Stopped; nothing was written.');
    return stop.exitCode;
  } finally {
    stop.release();
  }
}

function headline({ task, steps, batchSize, seed }: PretrainConfig): string {
  return `Pretraining on ${task.kind}: ${steps} steps of ${batchSize} samples, seed ${seed}`;
}

function farewell(
  { output }: PretrainConfig,
  manifest: PretrainingManifest,
  before: PretrainingManifest | null,
): string {
  const { weightsSha256, parameters, loss } = manifest;
  return [
    `Finished: ${parameters} parameters, loss ${loss.toFixed(4)}, in ${join(relative('.', output), '.')}`,
    `Weights ${weightsSha256}${comparison(manifest, before)}`,
  ].join('\n');
}

/** How the weights relate to those of the folder that they replace. */
function comparison(now: PretrainingManifest, before: PretrainingManifest | null): string {
  if (before === null) return '';
  if (now.weightsSha256 === before.weightsSha256) return ', the same bits as before';
  return sameFingerprint(now.machine, before.machine)
    ? `, not those of before (${before.weightsSha256})`
    : `; those of before were made on ${JSON.stringify(before.machine)}, where rounding differs`;
}
