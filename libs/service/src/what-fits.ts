import type { RunConfig } from '@mgrpo/config';
import type { ModelConfig } from '@mgrpo/model';
import { initialWeightsPlace } from '@mgrpo/training';
import { bytesOf, memoryPlan, type ProcessMemory } from './memory-plan.ts';

/** A key of the configuration with a value that it may be given. */
export interface Setting {
  readonly key: string;
  readonly value: number | string;
}

/** Whether one process of a run fits on a machine alone, and what would make it fit. */
export type Fit = { readonly process: ProcessMemory['process']; readonly bytes: number } & Verdict;

type Verdict =
  | { readonly kind: 'fits' }
  /** It does with the settings; a number is the largest that fits. */
  | { readonly kind: 'fits-with'; readonly settings: readonly Setting[] }
  /** Not even then: `least` is what it takes with the settings at their smallest. */
  | { readonly kind: 'too-large'; readonly settings: readonly Setting[]; readonly least: number };

/** Judges each process of a run against the memory of one machine (bytes). */
export function whatFits(
  model: ModelConfig,
  { config, memoryBytes }: { config: RunConfig; memoryBytes: number },
): Fit[] {
  return memoryPlan(model, config).processes.map((memory) => {
    const { process } = memory;
    const bytesIn = (changed: RunConfig): number =>
      bytesOf(memoryPlan(model, changed).processes.find((other) => other.process === process)!);
    const dial = process === 'learner' ? microbatchTokens(config) : rolloutSlots(config);
    const verdict = whatWouldFit(config, { dial, bytesIn, memoryBytes });
    return { process, bytes: bytesOf(memory), ...verdict };
  });
}

/** A setting that memory grows with. */
interface Dial {
  readonly key: string;
  /** Smallest and present value. */
  readonly range: readonly [number, number];
  at(config: RunConfig, value: number): RunConfig;
}

function microbatchTokens({ prompts, sampling, learner }: RunConfig): Dial {
  return {
    key: 'learner.microbatchTokens',
    range: [prompts.maxPromptTokens + sampling.maxResponseTokens, learner.microbatchTokens],
    at: (config, tokens) => ({
      ...config,
      learner: { ...config.learner, microbatchTokens: tokens },
    }),
  };
}

/** How many rollouts an engine has caches for. */
export function rolloutSlots({ deployment }: RunConfig): Dial {
  return {
    key: 'deployment.rollout.slots',
    range: [1, deployment.rollout.slots],
    at: (config, slots) => {
      const { deployment } = config;
      const rollout = { ...deployment.rollout, slots };
      return { ...config, deployment: { ...deployment, rollout } };
    },
  };
}

interface Limits {
  readonly dial: Dial;
  /** Memory under a configuration. */
  readonly bytesIn: (config: RunConfig) => number;
  readonly memoryBytes: number;
}

/** What fits as it is, with the KL reference on disk, which costs no bits, or with that and a dial turned down. */
export function whatWouldFit(config: RunConfig, { dial, bytesIn, memoryBytes }: Limits): Verdict {
  const present = bytesIn(config);
  if (present <= memoryBytes) return { kind: 'fits' };
  const onDisk = withReferenceOnDisk(config);
  const isLess = bytesIn(onDisk) < present;
  const settings = isLess ? [{ key: 'deployment.learner.reference', value: 'disk' }] : [];
  if (bytesIn(onDisk) <= memoryBytes) return { kind: 'fits-with', settings };
  const turnedTo = (value: number) => [...settings, { key: dial.key, value }];
  const bytesAt = (value: number) => bytesIn(dial.at(onDisk, value));
  let [value, tooMuch] = dial.range;
  const least = bytesAt(value);
  if (least > memoryBytes) return { kind: 'too-large', settings: turnedTo(value), least };
  while (tooMuch - value > 1) {
    const middle = Math.floor((value + tooMuch) / 2);
    if (bytesAt(middle) <= memoryBytes) value = middle;
    else tooMuch = middle;
  }
  return { kind: 'fits-with', settings: turnedTo(value) };
}

/** The configuration itself where the initial weights are not held for the KL reference alone. */
function withReferenceOnDisk(config: RunConfig): RunConfig {
  const { algorithm, deployment } = config;
  if (algorithm.adapter !== null || initialWeightsPlace(config) !== 'memory') return config;
  const learner = { ...deployment.learner, reference: 'disk' as const };
  return { ...config, deployment: { ...deployment, learner } };
}

/** `learner.microbatchTokens 1024`, several with `and` between them. */
export function settingsText(settings: readonly Setting[]): string {
  return settings.map(({ key, value }) => `${key} ${value}`).join(' and ');
}
