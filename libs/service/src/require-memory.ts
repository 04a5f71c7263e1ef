import { totalmem } from 'node:os';
import { loadModelConfig } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import type { ModelConfig } from '@mgrpo/model';
import { bytesOf, memoryPlan, type ProcessMemory } from './memory-plan.ts';
import { type Fit, rolloutSlots, settingsText, whatFits, whatWouldFit } from './what-fits.ts';

/** Memory of this machine, or of the container that we are in. */
export function machineMemoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** `12.3 GB`, `250 MB`. */
export function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/**
 * Called before a process reads a model: what would not fit into the machine is refused now, with the numbers,
 * instead of being killed in the middle of a step.
 *
 * @throws MgrpoError RESOURCE with what takes the memory and the setting that fits
 */
export function requireProcessMemory(
  process: ProcessMemory['process'],
  model: ModelConfig,
  config: RunConfig,
  memoryBytes = machineMemoryBytes(),
): void {
  if (process !== 'learner' && !generatesHere(config)) return;
  const fit = whatFits(model, { config, memoryBytes }).find((other) => other.process === process)!;
  if (fit.kind === 'fits') return;
  const memory = memoryPlan(model, config).processes.find((other) => other.process === process)!;
  const parts = memory.parts.map(({ name, bytes }) => `${name} ${gigabytes(bytes)}`).join(', ');
  const needs = `the ${process} needs about ${gigabytes(fit.bytes)} (${parts})`;
  const has = `this machine has ${gigabytes(memoryBytes)}`;
  throw new MgrpoError('RESOURCE', `${needs} and ${has}; ${remedyOf(fit)}`);
}

/** The same for all processes of a run on one machine. */
export async function requireRunMemory(
  config: RunConfig,
  memoryBytes = machineMemoryBytes(),
): Promise<void> {
  const model = await loadModelConfig(config.model.path);
  const processesIn = (changed: RunConfig) =>
    memoryPlan(model, changed).processes.filter(
      ({ process }) => process === 'learner' || generatesHere(config),
    );
  const bytesIn = (changed: RunConfig) =>
    processesIn(changed).reduce((sum, memory) => sum + memory.count * bytesOf(memory), 0);
  const fit = whatWouldFit(config, { dial: rolloutSlots(config), bytesIn, memoryBytes });
  if (fit.kind === 'fits') return;
  for (const { process } of processesIn(config)) {
    requireProcessMemory(process, model, config, memoryBytes);
  }
  const parts = processesIn(config).map(
    (memory) => `${memory.count} × ${memory.process} ${gigabytes(bytesOf(memory))}`,
  );
  const remedy =
    fit.kind === 'fits-with'
      ? `it fits with ${settingsText(fit.settings)}, or with fewer deployment.workers`
      : 'start fewer deployment.workers, or spread the services over machines';
  const needs = `the run needs about ${gigabytes(bytesIn(config))} (${parts.join(', ')})`;
  throw new MgrpoError(
    'RESOURCE',
    `${needs} and this machine has ${gigabytes(memoryBytes)}; ${remedy}`,
  );
}

/** Whether rollout services hold weights and caches in the machine's memory. */
function generatesHere({ rollout }: RunConfig): boolean {
  return rollout.engine === 'onnx' && rollout.device === 'cpu';
}

function remedyOf(fit: Exclude<Fit, { kind: 'fits' }>): string {
  const settings = settingsText(fit.settings);
  if (fit.kind === 'fits-with') return `it fits with ${settings}`;
  return `with ${settings} it is still ${gigabytes(fit.least)}: choose a smaller model or a larger machine`;
}
