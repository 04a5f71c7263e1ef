import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadModelConfig } from '@mgrpo/checkpoint';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type ModelConfig, parseModelConfig } from '@mgrpo/model';
import { type Check, checksOf, gigabytes } from '../doctor/checks.ts';
import { machineFacts } from '../doctor/machine-facts.ts';
import { bytesOf, type MemoryPlan, memoryPlan } from '../doctor/memory-plan.ts';
import { textSetting } from '../settings.ts';

export interface DoctorFlags {
  readonly model?: string;
  readonly recipe?: string;
  readonly redis?: string;
  readonly json?: boolean;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Prints what this machine has and lacks, and what a model would need; 1 when something has to be mended. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const config = flags.model || flags.recipe ? recipeOf(flags) : null;
  const redisUrl = flags.redis ?? config?.deployment.redis.url ?? process.env.REDIS_URL ?? null;
  const facts = await machineFacts({
    root,
    redisUrl,
    searchPath: process.env.PATH ?? '',
    // Without a recipe: what this machine has.
    device: flags.recipe ? config!.rollout.device : 'auto',
  });
  const checks = checksOf(facts);
  const plan = config && memoryPlan(await modelConfigOf(config.model.path), config);
  const fits = plan === null || plan.totalBytes <= facts.memoryBytes;
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ checks, memoryPlan: plan, fits })}\n`);
  } else {
    const planLines = plan ? ['', ...planText(plan, facts.memoryBytes)] : [];
    process.stdout.write(`${[...checks.map(checkText), ...planLines].join('\n')}\n`);
  }
  return checks.some(({ status }) => status === 'failed') ? 1 : 0;
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

/** Of a model folder, or of a `config.json` alone: a plan is wanted before gigabytes are downloaded. */
async function modelConfigOf(path: string): Promise<ModelConfig> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return await loadModelConfig(path);
  try {
    return parseModelConfig(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    if (cause instanceof MgrpoError) throw cause;
    throw new MgrpoError('INVALID_MODEL', `${path} is no config.json (${messageOf(cause)})`, {
      cause,
    });
  }
}

const marks = { ok: '✓', warning: '!', failed: '✗' } as const;

function checkText({ name, status, found, remedy }: Check): string {
  const line = `${marks[status]} ${name.padEnd(14)} ${found}`;
  return remedy === undefined ? line : `${line}\n  ${' '.repeat(14)} → ${remedy}`;
}

function planText(plan: MemoryPlan, memoryBytes: number): string[] {
  const lines = [
    `${plan.parameters.toLocaleString('en')} parameters. Memory of a run, in float32:`,
  ];
  for (const process of plan.processes) {
    const times = process.count > 1 ? ` × ${process.count}` : '';
    lines.push(`  ${process.process.padEnd(18)} ${gigabytes(bytesOf(process))}${times}`);
    for (const { name, bytes } of process.parts) {
      lines.push(`    ${name.padEnd(26)} ${gigabytes(bytes).padStart(9)}`);
    }
  }
  const verdict =
    plan.totalBytes <= memoryBytes
      ? 'fits'
      : 'does not fit: spread the services over machines, or choose a smaller model';
  const total = `${gigabytes(plan.totalBytes)} of this machine's ${gigabytes(memoryBytes)}`;
  return [...lines, `  together           ${total}: ${verdict}`];
}
