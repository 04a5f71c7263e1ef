import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { measurePolicy } from './measure-policy.ts';
import { OneProcessRun } from './one-process-run.ts';
import type { BaseControl } from './report/main-table.ts';
import { writeResult } from './result-file.ts';
import type { PlannedTrial, StudyPlan } from './study-plan.ts';
import { TrialIdentities } from './trial-identity.ts';

/** Factors on the untrained base's logits: what mere sharpening reaches. */
const logitFactors = [1.5, 2, 4];

interface ControlsFile {
  /** As of the trial that lent its configuration. */
  readonly sha256: string;
  readonly controls: readonly BaseControl[];
}

/**
 * Measures every untrained base of a study with its logits rescaled, once: the folder keeps what is measured.
 *
 * @returns what is measured when `signal` aborts, else all
 */
export async function measureControls(
  plan: StudyPlan,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<BaseControl[]> {
  const identities = new TrialIdentities(plan.measure);
  const all: BaseControl[] = [];
  for (const { name } of plan.bases) {
    if (signal.aborted) break;
    const planned = plan.trials.find(({ base }) => base === name)!;
    const sha256 = await identities.of(planned);
    const path = join(folder, 'controls', `${name}.json`);
    const known = readControls(path);
    if (known?.sha256 === sha256) {
      all.push(...known.controls);
      continue;
    }
    const controls = await measureBase(planned, plan.measure, signal);
    if (controls === null) break;
    writeResult(path, `${JSON.stringify({ sha256, controls } satisfies ControlsFile)}\n`);
    all.push(...controls);
  }
  return all;
}

/** What is measured already; null also where the file is damaged, since it is made again in seconds. */
function readControls(path: string): ControlsFile | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ControlsFile | null;
  } catch {
    return null;
  }
}

/** @returns null when `signal` aborts */
async function measureBase(
  { base, config, problems: path }: PlannedTrial,
  { temperature, samples, maxProblems }: StudyPlan['measure'],
  signal: AbortSignal,
): Promise<BaseControl[] | null> {
  const run = await OneProcessRun.open(config);
  try {
    const problems = (await run.problems(path)).slice(0, maxProblems ?? undefined);
    const controls: BaseControl[] = [];
    for (const factor of logitFactors) {
      if (signal.aborted) return null;
      const options = { temperature: temperature / factor, samples };
      const { measure } = await measurePolicy(run, problems, options);
      controls.push({ base, title: `untrained base, logits × ${factor}`, measure });
    }
    return controls;
  } finally {
    await run.close();
  }
}
