import { rolloutCounts } from '@mgrpo/algorithm';
import type { RunConfig } from '@mgrpo/config';
import { messageOf } from '@mgrpo/errors';
import { checkEngineServers } from '@mgrpo/service';
import { loadTokenizer } from '@mgrpo/tokenizer';
import type { Check } from './checks.ts';

/** A check for each role whose rollouts come from servers of another engine; none with our own. */
export async function engineChecks(config: RunConfig, env: NodeJS.ProcessEnv): Promise<Check[]> {
  if (config.rollout.engine === 'onnx') return [];
  const hasMomentum = rolloutCounts(config.algorithm).momentum > 0;
  const roles = hasMomentum ? (['policy', 'momentum'] as const) : (['policy'] as const);
  return await Promise.all(roles.map((role) => engineCheck(config, role, env)));
}

async function engineCheck(
  config: RunConfig,
  role: 'policy' | 'momentum',
  env: NodeJS.ProcessEnv,
): Promise<Check> {
  const name = `${role} engine`;
  const { model, kind, ...openai } = config.deployment.openai;
  try {
    const tokenizer = await loadTokenizer(config.model.path);
    const [finding] = await checkEngineServers(config, role, tokenizer, env);
    if (finding === undefined) {
      const found = `${model} at ${openai[`${role}Urls`].join(', ')}`;
      return { name, status: 'ok', found };
    }
    const remedy = `start it as docs/engines.md says for ${kind}`;
    return { name, status: 'failed', found: finding.message, remedy };
  } catch (error) {
    return { name, status: 'failed', found: messageOf(error) };
  }
}
