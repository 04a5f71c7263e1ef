import { parseConfig, resolveConfig } from './resolve.ts';
import { checkRunConfig } from './run-checks.ts';
import { type RunConfig, runConfigSchema } from './run-schema.ts';
import type { ConfigSources } from './sources.ts';

/**
 * The configuration of a run: the recipe, then the environment, then the command line.
 *
 * @throws INVALID_CONFIG, one line for each wrong key or combination, with its place and what to write
 */
export function loadRunConfig(sources: ConfigSources): RunConfig {
  return resolveConfig(runConfigSchema, sources, checkRunConfig);
}

/** The configuration stored with a run; `where` names the file in messages. */
export function parseRunConfig(value: unknown, where: string): RunConfig {
  return parseConfig(runConfigSchema, { value, where }, checkRunConfig);
}
