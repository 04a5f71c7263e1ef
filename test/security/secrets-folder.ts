import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificateFolder, renewCertificates } from '@mgrpo/certificates';
import {
  type AccessRole,
  accessRoles,
  PeerSecurity,
  type PeerSecurityOptions,
  roleUri,
  tokenHash,
} from '@mgrpo/rpc';

/** Certificates and tokens of every role in a folder of a test. */
export interface SecretsFolder {
  readonly folder: string;
  readonly tokensFile: string;
  /** The files of a role's certificate. */
  certificates(role: string): { ca: string; certificate: string; key: string };
  /** A new token of the role, in the list of those that are let in. */
  tokenFile(role: AccessRole): string;
  /** New keys and certificates by the same authority, in place of the old ones. */
  renew(): void;
  remove(): void;
}

export function makeSecrets({ days = 2 }: { days?: number } = {}): SecretsFolder {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-secrets-'));
  const peers = accessRoles.map((role) => ({
    name: role,
    uri: roleUri(role),
    hosts: ['localhost', '127.0.0.1'],
  }));
  const redis = { name: 'redis', uri: null, hosts: ['localhost', '127.0.0.1'] };
  const nobody = { name: 'nobody', uri: null, hosts: ['localhost'] };
  const options = { peers: [...peers, redis, nobody], days, now: new Date() };
  makeCertificateFolder(folder, options);
  const tokensFile = join(folder, 'tokens');
  let list = '';
  writeFileSync(tokensFile, list);
  return {
    folder,
    tokensFile,
    certificates: (role) => ({
      ca: join(folder, role, 'ca.crt'),
      certificate: join(folder, role, 'tls.crt'),
      key: join(folder, role, 'tls.key'),
    }),
    tokenFile: (role) => {
      const token = randomBytes(32).toString('hex');
      list += `${role} ${tokenHash(token)}\n`;
      writeFileSync(tokensFile, list);
      mkdirSync(join(folder, role), { recursive: true });
      writeFileSync(join(folder, role, 'token'), `${token}\n`);
      return join(folder, role, 'token');
    },
    renew: () => renewCertificates(folder, options),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Security with some of its files, looked at every 20 ms. */
export function securityWith(options: Partial<PeerSecurityOptions>): PeerSecurity {
  return new PeerSecurity({
    certificates: null,
    tokenFile: null,
    tokensFile: null,
    reloadMs: 20,
    onProblem: () => {},
    ...options,
  });
}
