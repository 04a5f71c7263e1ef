import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { experimental } from '@grpc/grpc-js';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type AccessRole, accessRoles } from './access.ts';
import { WatchedFiles } from './watched-files.ts';

/** What one process shows its peers, and by what it knows them. All PEM. */
export interface PeerCertificates {
  /** The run's certificate authority, or several while one replaces the other. */
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** Whom the certificate names. */
  readonly role: AccessRole;
}

export interface CertificateFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const rolePrefix = 'mgrpo://role/';

/** How a certificate names a role, as a URI among its subject's alternative names. */
export function roleUri(role: AccessRole): string {
  return `${rolePrefix}${role}`;
}

/**
 * The one role that a certificate names; null where it names none, or several.
 *
 * `alternativeNames` as Node gives them: `URI:mgrpo://role/voter, DNS:voter`. Node quotes a name that could be
 * mistaken for two; a certificate with such a name is none of ours.
 */
export function roleOfNames(alternativeNames: string | undefined): AccessRole | null {
  if (alternativeNames === undefined || alternativeNames.includes('"')) return null;
  const named = alternativeNames
    .split(', ')
    .filter((name) => name.startsWith(`URI:${rolePrefix}`))
    .map((name) => name.slice(`URI:${rolePrefix}`.length));
  const role = accessRoles.find((candidate) => candidate === named[0]);
  return named.length === 1 && role !== undefined ? role : null;
}

/** The certificates in `files`, read again when they change. Checked before anyone uses them. */
export function watchCertificates(
  { ca, certificate, key }: CertificateFiles,
  options: { everyMs: number; onProblem(message: string): void },
): WatchedFiles<PeerCertificates> {
  const keys = {
    'deployment.security.ca': ca,
    'deployment.security.certificate': certificate,
    'deployment.security.key': key,
  };
  const parse = (contents: Readonly<Record<string, Buffer>>) => {
    const [caPem, certificatePem, keyPem] = Object.keys(keys).map((name) => contents[name]!);
    return parseCertificates(
      { ca: caPem!, certificate: certificatePem!, key: keyPem! },
      certificate,
    );
  };
  return new WatchedFiles({ files: keys, parse, ...options });
}

function parseCertificates(
  pem: { ca: Buffer; certificate: Buffer; key: Buffer },
  path: string,
): PeerCertificates {
  const own = parsePem('certificate', () => new X509Certificate(pem.certificate));
  parsePem('ca', () => new X509Certificate(pem.ca));
  const key = parsePem('key', () => createPrivateKey(pem.key));
  const refuse = (what: string): never => {
    throw new MgrpoError('INVALID_CONFIG', `deployment.security.certificate: ${path} ${what}`);
  };
  if (!own.checkPrivateKey(key)) refuse('has another key than deployment.security.key');
  if (own.validToDate.getTime() < Date.now()) {
    refuse(`expired at ${own.validToDate.toISOString()}; renew it (mgrpo certs DIR --renew)`);
  }
  const role = roleOfNames(own.subjectAltName);
  if (role === null) return refuse(`names no role; it needs one URI like ${roleUri('voter')}`);
  return { ...pem, role };
}

/** A key's contents must not reach a message, so the parser's own words are kept to their first line. */
function parsePem<T>(key: 'ca' | 'certificate' | 'key', parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `deployment.security.${key} is no PEM ${key === 'key' ? 'key without a passphrase' : 'certificate'} (${messageOf(error).split('\n')[0]})`,
    );
  }
}

/** The files as gRPC's credentials want them. */
export function certificateProvider(
  watched: WatchedFiles<PeerCertificates>,
): experimental.CertificateProvider {
  const inner = new Map<unknown, (value: PeerCertificates) => void>();
  const add = (key: unknown, listener: (value: PeerCertificates) => void) => {
    inner.set(key, listener);
    // Not at once: gRPC's server credentials miss a value that arrives while they subscribe.
    queueMicrotask(() => {
      if (inner.get(key) === listener) watched.listen(listener);
    });
  };
  const remove = (key: unknown) => {
    const listener = inner.get(key);
    if (listener !== undefined) watched.remove(listener);
    inner.delete(key);
  };
  return {
    addCaCertificateListener: (listener) =>
      add(listener, ({ ca }) => listener({ caCertificate: ca })),
    removeCaCertificateListener: remove,
    addIdentityCertificateListener: (listener) =>
      add(listener, ({ certificate, key }) => listener({ certificate, privateKey: key })),
    removeIdentityCertificateListener: remove,
  };
}
