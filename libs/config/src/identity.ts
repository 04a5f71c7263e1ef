import { hidePassword } from '@mgrpo/errors';
import type { RunConfig } from './run-schema.ts';

/** Hex sha256 of what the paths of a configuration hold. */
export interface ContentHashes {
  /** Of weights, configuration, tokenizer and chat template, see `modelSha256`. */
  readonly model: string;
  readonly trainPrompts: string;
  readonly validationPrompts: string | null;
}

/**
 * The configuration as the run id sees it: canonical JSON of every key that may change a result.
 *
 * Files count by content, not by location, so a run that is moved or copied stays the same run; the
 * deployment does not count at all, nor does the watch for collapse, which ends a run but changes no iteration.
 */
export function runIdentity(config: RunConfig, contents: ContentHashes): string {
  const { collapse: _collapse, deployment: _deployment, ...rest } = config;
  const {
    rollout: { device, engine, quantisation, topLogprobs },
    learner: { compute, ...learner },
    algorithm: {
      adapter,
      loss: { importance, ...loss },
      ...algorithm
    },
    ...others
  } = rest;
  const { columns, format, systemPrompt, templateVariables, ...prompts } = rest.prompts;
  const renamed = Object.entries(columns).filter(([column, name]) => column !== name);
  return canonicalJson({
    ...others,
    algorithm: {
      ...algorithm,
      loss: { ...loss, ...(importance === null ? {} : { importance }) },
      ...adapterIdentity(adapter),
    },
    learner: { ...learner, ...(compute === 'float32' ? {} : { compute }) },
    // What the engine does not read does not count.
    rollout:
      engine === 'onnx'
        ? { device, ...(quantisation === null ? {} : { quantisation }) }
        : { engine, topLogprobs },
    model: { ...rest.model, path: contents.model },
    prompts: {
      ...prompts,
      ...(format === 'chat' ? { format, systemPrompt, templateVariables } : {}),
      // Data with the usual names is the same data whether or not they are spelled out.
      ...(renamed.length > 0 ? { columns: Object.fromEntries(renamed) } : {}),
      train: contents.trainPrompts,
      validation: contents.validationPrompts,
    },
  });
}

/** The targets are a set; and a run without an adapter is the run that it was before there were any. */
function adapterIdentity(adapter: RunConfig['algorithm']['adapter']): object {
  if (adapter === null) return {};
  return { adapter: { ...adapter, targets: [...adapter.targets].sort() } };
}

/** JSON without spaces and with sorted keys: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, node: unknown) => {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return node;
    return Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The configuration as it may be logged and stored: the password of the Redis URL is left out. */
export function withoutSecrets(config: RunConfig): RunConfig {
  const { redis } = config.deployment;
  if (redis.url === null) return config;
  return {
    ...config,
    deployment: { ...config.deployment, redis: { ...redis, url: hidePassword(redis.url) } },
  };
}
