import { fileURLToPath } from 'node:url';
import { describeModel } from '@mgrpo/checkpoint';
import { configOfRole, loadRunConfig, type RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { localInputs } from '@mgrpo/object-store';
import type { RedisAddress } from '@mgrpo/queues';
import { machineMemoryBytes, memoryPlan } from '@mgrpo/service';
import { type Check, checksOf } from '../doctor/checks.ts';
import { deviceChecks } from '../doctor/device-checks.ts';
import { dryRun } from '../doctor/dry-run.ts';
import { engineChecks } from '../doctor/engine-checks.ts';
import { machineFacts } from '../doctor/machine-facts.ts';
import { planText } from '../doctor/plan-text.ts';
import { textSetting } from '../settings.ts';

export interface DoctorFlags {
  readonly model?: string;
  readonly recipe?: string;
  readonly redis?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Prints what this machine has and lacks, and what a model would need; 1 when something has to be mended. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const tell = (message: string) => void process.stderr.write(`${message}\n`);
  const config =
    flags.model || flags.recipe
      ? await localInputs(recipeOf(flags), { env: process.env, tell })
      : null;
  if (flags.dryRun) {
    if (config === null) throw new MgrpoError('USAGE', '--dry-run needs --model or --recipe');
    const options = { memoryBytes: machineMemoryBytes(), isJson: flags.json === true };
    process.stdout.write(`${await dryRun(config, options)}\n`);
    return 0;
  }
  const facts = await machineFacts({
    root,
    redis: flags.redis ?? recipeRedis(config) ?? process.env.REDIS_URL ?? null,
    searchPath: process.env.PATH ?? '',
  });
  const model = config && (await describeModel(config.model.path)).config;
  const run = flags.recipe && config && model ? { config, model } : null;
  const checks = [
    ...checksOf(facts),
    ...(await deviceChecks(run)),
    ...(config ? await engineChecks(config, process.env) : []),
  ];
  const plan = config && model && memoryPlan(model, config);
  const fits = plan === null || plan.totalBytes <= facts.memoryBytes;
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ checks, memoryPlan: plan, fits })}\n`);
  } else {
    const planLines = plan ? ['', ...planText(plan, facts.memoryBytes)] : [];
    process.stdout.write(`${[...checks.map(checkText), ...planLines].join('\n')}\n`);
  }
  return checks.some(({ status }) => status === 'failed') ? 1 : 0;
}

/** The Redis of a run by the recipe, as its operator sees it. */
function recipeRedis(config: RunConfig | null): RedisAddress | null {
  if (config === null) return null;
  const { url, ...rest } = configOfRole(config, 'operator').deployment.redis;
  return url === null ? null : { url, ...rest };
}

/** The recipe whose memory is planned; without one, the paper's defaults. */
function recipeOf({ recipe, model }: DoctorFlags): RunConfig {
  const unused = recipe === undefined ? textSetting('--recipe', 'prompts.train', 'none') : [];
  return loadRunConfig({
    file: recipe ?? null,
    environment: process.env,
    overrides: [...textSetting('--model', 'model.path', model), ...unused],
  });
}

const marks = { ok: '✓', warning: '!', failed: '✗' } as const;

function checkText({ name, status, found, remedy }: Check): string {
  const line = `${marks[status]} ${name.padEnd(14)} ${found}`;
  return remedy === undefined ? line : `${line}\n  ${' '.repeat(14)} → ${remedy}`;
}
