import type { RunConfig } from '@mgrpo/config';
import type { ModelConfig } from '@mgrpo/model';
import { bytesOf, type MemoryPlan, memoryPlan, type ProcessMemory } from './memory-plan.ts';

/** Whether one process of a run fits on a machine alone, and what would make it fit. */
export type Fit = { readonly process: ProcessMemory['process']; readonly bytes: number } & (
  | { readonly kind: 'fits' }
  /** It does with the setting at this value, the largest that fits. */
  | { readonly kind: 'fits-with'; readonly setting: string; readonly value: number }
  /** Not even then: `least` is what it takes with the setting at its smallest. */
  | { readonly kind: 'too-large'; readonly setting: string; readonly least: number }
);

/** Judges each process of a run against the memory of one machine (bytes). */
export function whatFits(
  model: ModelConfig,
  { config, memoryBytes }: { config: RunConfig; memoryBytes: number },
): Fit[] {
  const { rollout } = config.deployment;
  const longest = config.prompts.maxPromptTokens + config.sampling.maxResponseTokens;
  return memoryPlan(model, config).processes.map((memory) => {
    const { process } = memory;
    const bytesIn = (plan: MemoryPlan) =>
      bytesOf(plan.processes.find((other) => other.process === process)!);
    const bytes = bytesOf(memory);
    if (bytes <= memoryBytes) return { process, bytes, kind: 'fits' };
    const dial: Dial =
      process === 'learner'
        ? {
            setting: 'learner.microbatchTokens',
            range: [longest, config.learner.microbatchTokens],
            bytesAt: (microbatchTokens) => {
              const learner = { ...config.learner, microbatchTokens };
              return bytesIn(memoryPlan(model, { ...config, learner }));
            },
          }
        : {
            setting: 'deployment.rollout.slots',
            range: [1, rollout.slots],
            bytesAt: (slots) => {
              const deployment = { ...config.deployment, rollout: { ...rollout, slots } };
              return bytesIn(memoryPlan(model, { ...config, deployment }));
            },
          };
    return { process, bytes, ...turnDown(dial, memoryBytes) };
  });
}

/** A setting that memory grows with. */
interface Dial {
  readonly setting: string;
  /** Smallest and present value. */
  readonly range: readonly [number, number];
  readonly bytesAt: (value: number) => number;
}

/** The largest value that fits, by bisection. */
export function turnDown(
  { setting, range: [smallest, present], bytesAt }: Dial,
  memoryBytes: number,
) {
  const least = bytesAt(smallest);
  if (least > memoryBytes) return { kind: 'too-large', setting, least } as const;
  let [value, tooMuch] = [smallest, present];
  while (tooMuch - value > 1) {
    const middle = Math.floor((value + tooMuch) / 2);
    if (bytesAt(middle) <= memoryBytes) value = middle;
    else tooMuch = middle;
  }
  return { kind: 'fits-with', setting, value } as const;
}
