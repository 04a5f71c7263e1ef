import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import {
  certificateFiles,
  makeCertificateFolder,
  type Peer,
  renewCertificates,
  writePrivate,
} from '@mgrpo/certificates';
import { type RedisRole, redisRoles, redisUsers } from '@mgrpo/queues';
import { accessRoles, roleUri, tokenHash } from '@mgrpo/rpc';

export interface CertsFlags {
  readonly days: number;
  readonly hosts: readonly string[];
  readonly renew?: boolean;
}

const localHosts = ['localhost', '127.0.0.1'];

/** Makes what the processes of a run know each other by: certificates, tokens, Redis passwords, and the lists of them. */
export async function certs(folder: string, { days, hosts, renew }: CertsFlags): Promise<number> {
  const options = { peers: peersWith(hosts), days, now: new Date() };
  if (renew) {
    renewCertificates(folder, options);
    process.stdout.write(
      `${folder}: new keys and certificates for ${days} days; tokens stay. Processes that run take them up.\n`,
    );
    return 0;
  }
  makeCertificateFolder(folder, options);
  const tokens = accessRoles.map((role) => ({ role, token: randomBytes(32).toString('hex') }));
  for (const { role, token } of tokens) writePrivate(join(folder, role), 'token', `${token}\n`);
  const list = tokens.map(({ role, token }) => `${role} ${tokenHash(token)}\n`);
  writePrivate(folder, 'tokens', list.join(''));
  const passwords = new Map(redisRoles.map((role) => [role, randomBytes(32).toString('hex')]));
  for (const [role, password] of passwords) {
    writePrivate(join(folder, role), 'redis-password', password);
  }
  const hashOf = (role: RedisRole) => `#${tokenHash(passwords.get(role)!)}`;
  writePrivate(join(folder, 'redis'), 'users.acl', redisUsers(hashOf));
  process.stdout.write(`${summary(folder, days)}\n`);
  return 0;
}

/** Services are known by their role, so only Redis needs its host names. */
function peersWith(hosts: readonly string[]): Peer[] {
  return [
    ...accessRoles.map((role) => ({
      name: role,
      uri: roleUri(role),
      hosts: [role, ...localHosts],
    })),
    { name: 'redis', uri: null, hosts: ['redis', ...localHosts, ...hosts] },
  ];
}

function summary(folder: string, days: number): string {
  const at = (name: string) => join(resolve(folder), name);
  const { ca, certificate, key } = certificateFiles;
  return [
    `${folder}: an authority, and for each role a certificate for ${days} days, a token and a Redis password. For development:`,
    'whoever reads ca.key can be anyone. In a recipe, with the role of each process for {role}:',
    '',
    'deployment:',
    '  security:',
    `    ca: ${at(`{role}/${ca}`)}`,
    `    certificate: ${at(`{role}/${certificate}`)}`,
    `    key: ${at(`{role}/${key}`)}`,
    `    tokensFile: ${at('tokens')} # for /metrics: roles monitoring and operator`,
    '  redis: # where a Redis runs with redis/users.acl and the certificate in redis',
    '    url: rediss://HOST:6379',
    "    username: '{role}'",
    `    passwordFile: ${at('{role}/redis-password')}`,
    `    ca: ${at(ca)}`,
  ].join('\n');
}
