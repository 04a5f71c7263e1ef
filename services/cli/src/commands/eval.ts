import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import type { DeviceSetting } from '@mgrpo/runtime';
import { setSettings, textSetting, valueSetting } from '../settings.ts';

export interface EvalFlags {
  readonly model?: string;
  readonly prompts?: string;
  readonly benchmarks?: string;
  readonly data?: string;
  readonly file: readonly string[];
  readonly columns?: string;
  readonly recipe?: string;
  readonly template?: string;
  readonly samples?: string;
  readonly temperature?: string;
  readonly maxTokens?: string;
  readonly maxPrompts?: string;
  readonly seed?: string;
  readonly engines: number;
  readonly device: DeviceSetting;
  readonly workers?: string;
  readonly listen?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly responses?: boolean;
  readonly check?: boolean;
  readonly list?: boolean;
  readonly set: readonly string[];
  readonly json?: boolean;
}

/** What an evaluation on prompts knows nothing of; to take it and do otherwise would mislead. */
const benchmarkFlags = [
  'data',
  'columns',
  'maxTokens',
  'check',
  'workers',
  'out',
  'resume',
  'responses',
] as const;

/** `mgrpo eval`: on public benchmarks, or on a prompts file by the rules of its recipe. */
export async function evaluate(flags: EvalFlags): Promise<number> {
  const { model, prompts, benchmarks } = flags;
  if (flags.list === true) {
    const { benchmarkTable } = await import('./eval/score-table.ts');
    process.stdout.write(`${benchmarkTable()}\n`);
    return 0;
  }
  if (flags.check === true && benchmarks !== undefined) {
    const { checkGolds } = await import('./eval/eval-benchmarks.ts');
    return await checkGolds({ ...flags, benchmarks });
  }
  if (model === undefined) {
    throw new MgrpoError('USAGE', "required option '--model <dir>' not specified");
  }
  if (flags.listen !== undefined) {
    const { serveModel } = await import('./eval/serve-model.ts');
    const { deployment } = evaluationConfig({ ...flags, model, prompts: '-' });
    return await serveModel({ ...flags, model, listen: flags.listen, deployment });
  }
  if (flags.workers !== undefined && flags.device !== 'cpu') {
    const what =
      '--device is of engines here; workers have their own (mgrpo eval --listen --device)';
    throw new MgrpoError('USAGE', what);
  }
  if ((prompts === undefined) === (benchmarks === undefined)) {
    const what = 'give --benchmarks (mgrpo eval --list names them), or --prompts with a file';
    throw new MgrpoError('USAGE', what);
  }
  if (benchmarks !== undefined) {
    const { evalBenchmarks } = await import('./eval/eval-benchmarks.ts');
    const config = evaluationConfig({ ...flags, model, prompts: benchmarks });
    return await evalBenchmarks({ ...flags, model, benchmarks }, config);
  }
  const idle = benchmarkFlags.find((name) => flags[name] !== undefined);
  if (idle !== undefined || flags.file.length > 0) {
    const flag = idle === 'maxTokens' ? 'max-tokens' : (idle ?? 'file');
    throw new MgrpoError('USAGE', `--${flag} goes with --benchmarks, not with --prompts`);
  }
  const { evalPrompts } = await import('./eval/eval-prompts.ts');
  const given = { ...flags, model, prompts: prompts! };
  return await evalPrompts(given, evaluationConfig(given));
}

/** The recipe's settings; those of its run where the model is a checkpoint in a run folder. */
function evaluationConfig(
  flags: EvalFlags & { readonly model: string; readonly prompts: string },
): RunConfig {
  const runConfig = join(resolve(flags.model, '..', '..'), runFiles.config);
  const isCheckpoint = existsSync(join(runConfig, '..', runFiles.manifest));
  const file = flags.recipe ?? (isCheckpoint ? runConfig : null);
  return loadRunConfig({
    file,
    environment: process.env,
    overrides: [
      ...textSetting('--model', 'model.path', flags.model),
      ...textSetting('--prompts', 'prompts.train', flags.prompts),
      ...textSetting('--template', 'prompts.template', flags.template),
      ...valueSetting('--seed', 'seed', flags.seed),
      ...valueSetting('--samples', 'evaluation.samples', flags.samples),
      ...valueSetting('--temperature', 'evaluation.temperature', flags.temperature),
      ...valueSetting('--max-prompts', 'evaluation.maxPrompts', flags.maxPrompts),
      ...setSettings(flags.set),
    ],
  });
}
