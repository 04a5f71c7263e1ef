import { fileURLToPath } from 'node:url';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import type { Question } from '@mgrpo/datasets';
import { fillerToken } from './responses.ts';

/** One load: what `--help` of load.ts describes. Given to every process of it as JSON. */
export interface LoadSettings {
  /** Logical rollout workers of each role, and the processes that they share. */
  readonly workers: number;
  readonly processes: number;
  /** Connections of its own for every logical worker. */
  readonly separate: boolean;
  readonly prompts: number;
  readonly group: number;
  readonly chunk: number;
  readonly lag: number;
  readonly tokens: number;
  readonly heavyTail: boolean;
  /** Of the longest response, on the simulated GPU. */
  readonly engineMs: number;
  readonly stepMs: number;
  readonly journal: boolean;
  /** The queue alone: no payloads, votes or batches. */
  readonly bare: boolean;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Redis writes all to disk, as it does under `mgrpo train`. */
  readonly appendOnly: boolean;
}

/** What its processes need besides. */
export interface Placement {
  readonly redisUrl: string;
  readonly learnerPort: number;
  readonly folder: string;
}

export const loadRunId = 'load';

/** The configuration under which the services' own code runs the load. */
export function loadConfig(settings: LoadSettings, { redisUrl }: Placement): RunConfig {
  const { group, prompts, lag, tokens, chunk } = settings;
  const assignments = {
    'algorithm.groupSize': group,
    'algorithm.promptsPerIteration': prompts,
    'sampling.maxResponseTokens': tokens,
    'learner.microbatchTokens': 2 * tokens + 1024,
    'deployment.rollout.rolloutsPerJob': chunk,
    'deployment.redis.url': redisUrl,
    'answer.extractor': 'boxed',
    'prompts.validation': null,
    lag,
  };
  return loadRunConfig({
    file: fileURLToPath(new URL('../../recipes/arithmetic.yaml', import.meta.url)),
    environment: {},
    overrides: Object.entries(assignments).map(([key, value]) => ({
      flag: 'load',
      assignment: `${key}=${value}`,
    })),
  });
}

/** Prompts of 100 tokens: enough for any batch. */
export function loadQuestions(settings: LoadSettings): Question[] {
  return Array.from({ length: settings.prompts }, () => ({
    kind: 'none',
    tokens: new Int32Array(100).fill(fillerToken),
  }));
}
