import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

// RFC 5280 (certificates), RFC 5758 (ECDSA), RFC 5480 (its keys).
const oids = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

// A clock that is behind by minutes must not refuse a new certificate.
const backdateMs = 5 * 60_000;

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Of whom the certificate is. */
  readonly publicKey: KeyObject;
  /** Valid from now, for so long; negative makes one that has expired. */
  readonly days: number;
  readonly now: Date;
  readonly kind:
    | { readonly kind: 'authority' }
    | { readonly kind: 'peer'; readonly uri: string | null; readonly hosts: readonly string[] };
}

/** Who signs: a certificate's own subject for an authority. */
export interface Issuer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

/** An ECDSA key on P-256, which every TLS library takes. */
export function makeKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** An X.509 version 3 certificate, PEM. A peer's serves for both sides of a connection. */
export function makeCertificate(request: CertificateRequest, issuer: Issuer): string {
  const { commonName, publicKey, days, now } = request;
  const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const validity = sequence(
    time(new Date(now.getTime() - backdateMs + Math.min(0, days) * 86_400_000)),
    time(new Date(now.getTime() + days * 86_400_000)),
  );
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    nameOf(issuer.commonName),
    validity,
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensionsOf(request, issuer))),
  );
  const signature = sign('sha256', toBeSigned, issuer.privateKey);
  return pem(sequence(toBeSigned, algorithm, bitString(signature)));
}

function extensionsOf({ kind, publicKey }: CertificateRequest, issuer: Issuer): Buffer[] {
  const own = keyIdentifier(publicKey);
  const authority = keyIdentifier(createPublicKey(issuer.privateKey));
  const isAuthority = kind.kind === 'authority';
  const common = [
    extension(oids.basicConstraints, sequence(...(isAuthority ? [boolean(true)] : [])), 'critical'),
    // keyCertSign and cRLSign are the bits 5 and 6, digitalSignature is bit 0.
    extension(
      oids.keyUsage,
      isAuthority ? bitString(Buffer.from([0x06]), 1) : bitString(Buffer.from([0x80]), 7),
      'critical',
    ),
    extension(oids.subjectKeyIdentifier, octetString(own)),
    extension(oids.authorityKeyIdentifier, sequence(implicit(0, authority))),
  ];
  if (kind.kind === 'authority') return common;
  const uri = kind.uri === null ? [] : [implicit(6, Buffer.from(kind.uri))];
  const names = [...uri, ...kind.hosts.map(hostName)];
  return [
    ...common,
    extension(
      oids.extKeyUsage,
      sequence(objectIdentifier(oids.serverAuth), objectIdentifier(oids.clientAuth)),
    ),
    extension(oids.subjectAltName, sequence(...names)),
  ];
}

function extension(oid: string, value: Buffer, critical?: 'critical'): Buffer {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(oid), ...flag, octetString(value));
}

/** dNSName, or iPAddress for an IPv4 address. */
function hostName(host: string): Buffer {
  return isIPv4(host)
    ? implicit(7, Buffer.from(host.split('.').map(Number)))
    : implicit(2, Buffer.from(host));
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(oids.commonName), utf8String(commonName))));
}

/** RFC 7093, method 1: the first 160 bits of the key's SHA-256. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest().subarray(0, 20);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
