import { hidePassword, MgrpoError } from '@mgrpo/errors';
import type { RedisOptions } from 'ioredis';

type SentinelOptions = Pick<
  RedisOptions,
  'sentinels' | 'name' | 'username' | 'password' | 'tls' | 'enableTLSForSentinelMode'
>;

const pattern = /^(rediss?)\+sentinel:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@]+)\/([\w.-]+)$/;

/**
 * What an address of a Redis behind Sentinels means; null where the address is of another kind.
 *
 * User and password are Redis's, which Sentinels of this form do not ask for.
 *
 * @example sentinelOptions('redis+sentinel://a:26379,b:26379/run') // name 'run', sentinels a and b
 * @throws MgrpoError INVALID_CONFIG when it names no master, or no Sentinel, or can't be decoded
 */
export function sentinelOptions(url: string): SentinelOptions | null {
  if (!/^rediss?\+sentinel:/.test(url)) return null;
  const [, scheme, username, password, hosts = '', name] = pattern.exec(url) ?? [];
  const sentinels = hosts.split(',').map((host) => {
    const [, address, port] = /^(.+):(\d{1,5})$/.exec(host) ?? [];
    return { host: address ?? '', port: Number(port) };
  });
  if (name === undefined || sentinels.some(({ host }) => host === '')) {
    const form = 'redis+sentinel://[user:password@]host:port,host:port/name-of-the-master';
    throw new MgrpoError(
      'INVALID_CONFIG',
      `${hidePassword(url)} is no address of the form ${form}`,
    );
  }
  return {
    sentinels,
    name,
    ...(username ? { username: decoded('user', username) } : {}),
    ...(password ? { password: decoded('password', password) } : {}),
    ...(scheme === 'rediss' ? { tls: {}, enableTLSForSentinelMode: true } : {}),
  };
}

/** Without its percent escapes. The text is secret, and stands in no message. */
function decoded(part: 'user' | 'password', text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `the ${part} in the address of Redis has a % that begins no escape; write it as %25`,
    );
  }
}
