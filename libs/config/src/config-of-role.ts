import type { RunConfig } from './run-schema.ts';

/**
 * The configuration as the process of one role reads it: `{role}` in the paths of its secrets, and in its Redis
 * user, is that role. So one configuration serves all services.
 */
export function configOfRole<C extends Pick<RunConfig, 'deployment'>>(config: C, role: string): C {
  const { security, redis } = config.deployment;
  const filled = <T>(value: T): T =>
    (typeof value === 'string' ? value.replaceAll('{role}', role) : value) as T;
  const { ca, certificate, key, tokenFile, tokensFile } = security;
  return {
    ...config,
    deployment: {
      ...config.deployment,
      security: {
        ...security,
        ca: filled(ca),
        certificate: filled(certificate),
        key: filled(key),
        tokenFile: filled(tokenFile),
        tokensFile: filled(tokensFile),
      },
      redis: {
        ...redis,
        username: filled(redis.username),
        passwordFile: filled(redis.passwordFile),
        ca: filled(redis.ca),
        certificate: filled(redis.certificate),
        key: filled(redis.key),
      },
    },
  };
}
