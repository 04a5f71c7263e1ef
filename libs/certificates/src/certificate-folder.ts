import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type Issuer, makeCertificate, makeKeyPair } from './certificate.ts';

/** Names as in a Kubernetes secret of type tls, so that a folder of a peer can become one as it is. */
export const certificateFiles = { ca: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const;
const authorityKey = 'ca.key';
const authorityName = 'mgrpo development authority';
const authorityDays = 3650;

/** One who gets a certificate. */
export interface Peer {
  /** Of its folder, and the certificate's common name. */
  readonly name: string;
  /** Says its role; null for a server that is known by its host names alone. */
  readonly uri: string | null;
  readonly hosts: readonly string[];
}

export interface CertificateFolderOptions {
  readonly peers: readonly Peer[];
  readonly days: number;
  readonly now: Date;
}

/**
 * Makes an authority in `folder` and a folder with key, certificate and the authority's certificate for each peer.
 *
 * @throws MgrpoError USAGE where the folder has an authority already, RESOURCE when it can't be written
 */
export function makeCertificateFolder(folder: string, options: CertificateFolderOptions): void {
  if (existsSync(join(folder, authorityKey))) {
    throw new MgrpoError(
      'USAGE',
      `${folder} has an authority already; --renew makes new certificates by it, another folder a new authority`,
    );
  }
  const { privateKey, publicKey } = makeKeyPair();
  const issuer = { commonName: authorityName, privateKey };
  const certificate = makeCertificate(
    {
      commonName: authorityName,
      publicKey,
      days: authorityDays,
      now: options.now,
      kind: { kind: 'authority' },
    },
    issuer,
  );
  writePrivate(folder, authorityKey, pemOf(issuer));
  writePrivate(folder, certificateFiles.ca, certificate);
  // A checkout is no place for keys.
  writePrivate(folder, '.gitignore', '*\n');
  for (const peer of options.peers) makePeer(folder, peer, { ...options, issuer, ca: certificate });
}

/**
 * Makes new keys and certificates by the authority in `folder`; processes that run take them up by themselves.
 *
 * @throws MgrpoError USAGE where there is no authority, INVALID_INPUT where it can't be used any more
 */
export function renewCertificates(folder: string, options: CertificateFolderOptions): void {
  if (!existsSync(join(folder, authorityKey))) {
    throw new MgrpoError(
      'USAGE',
      `${folder} has no authority (${authorityKey}); leave out --renew`,
    );
  }
  const { issuer, ca } = readAuthority(folder);
  const daysLeft = (ca.validToDate.getTime() - options.now.getTime()) / 86_400_000;
  if (daysLeft < options.days) {
    throw new MgrpoError(
      'INVALID_INPUT',
      `${folder}: the authority ends at ${ca.validToDate.toISOString()}, before the certificates would; make a new one in another folder`,
    );
  }
  const text = ca.toString();
  for (const peer of options.peers) makePeer(folder, peer, { ...options, issuer, ca: text });
}

function readAuthority(folder: string): { issuer: Issuer; ca: X509Certificate } {
  try {
    const privateKey = createPrivateKey(readFileSync(join(folder, authorityKey)));
    const ca = new X509Certificate(readFileSync(join(folder, certificateFiles.ca)));
    if (!ca.checkPrivateKey(privateKey)) throw new Error('key and certificate do not fit');
    return { issuer: { commonName: authorityName, privateKey }, ca };
  } catch (cause) {
    throw new MgrpoError(
      'INVALID_INPUT',
      `${folder}: the authority can't be used (${messageOf(cause)}); make a new one in another folder`,
    );
  }
}

function makePeer(
  folder: string,
  { name, uri, hosts }: Peer,
  { issuer, ca, days, now }: CertificateFolderOptions & { issuer: Issuer; ca: string },
): void {
  const { privateKey, publicKey } = makeKeyPair();
  const kind = { kind: 'peer', uri, hosts } as const;
  const certificate = makeCertificate({ commonName: name, publicKey, days, now, kind }, issuer);
  const own = join(folder, name);
  writePrivate(own, certificateFiles.key, pemOf({ privateKey }));
  writePrivate(own, certificateFiles.certificate, certificate);
  writePrivate(own, certificateFiles.ca, ca);
}

const pemOf = ({ privateKey }: Pick<Issuer, 'privateKey'>) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Writes a file that nobody else may read, in one step, in a folder that nobody else may enter. */
export function writePrivate(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw new MgrpoError('RESOURCE', `can't write ${path}: ${messageOf(cause)}`, { cause });
  }
}
