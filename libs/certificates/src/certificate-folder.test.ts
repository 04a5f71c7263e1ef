import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeCertificateFolder, renewCertificates } from './certificate-folder.ts';

const voter = { name: 'voter', uri: 'mgrpo://role/voter', hosts: ['voter', '127.0.0.1'] };
const options = { peers: [voter], days: 90, now: new Date('2026-11-23T12:00:00Z') };
let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'mgrpo-certs-')), 'certs');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const certificateOf = (name: string) => new X509Certificate(readFileSync(join(folder, name)));

it('makes certificates that its authority vouches for, with role and hosts', () => {
  makeCertificateFolder(folder, options);
  const ca = certificateOf('ca.crt');
  const peer = certificateOf('voter/tls.crt');
  expect(ca.ca).toBe(true);
  expect(ca.verify(ca.publicKey)).toBe(true);
  expect(peer.ca).toBe(false);
  expect(peer.checkIssued(ca)).toBe(true);
  expect(peer.verify(ca.publicKey)).toBe(true);
  expect(peer.subjectAltName).toBe('URI:mgrpo://role/voter, DNS:voter, IP Address:127.0.0.1');
  expect(peer.validToDate).toEqual(new Date('2027-02-21T12:00:00Z'));
  expect(ca.validToDate).toEqual(new Date('2036-11-20T12:00:00Z'));
  expect(readFileSync(join(folder, 'voter/ca.crt'), 'utf8')).toBe(ca.toString());
});

it('lets nobody else read them', () => {
  makeCertificateFolder(folder, options);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of ['ca.key', 'voter/tls.key']) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
});

it('is taken by a strict reader of another make', ({ skip }) => {
  makeCertificateFolder(folder, { ...options, now: new Date() });
  try {
    execFileSync('openssl', ['version']);
  } catch {
    skip('there is no openssl');
  }
  const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile'];
  const verified = execFileSync('openssl', [
    ...args,
    join(folder, 'ca.crt'),
    join(folder, 'voter/tls.crt'),
  ]);
  expect(String(verified)).toContain('tls.crt: OK');
});

it('overwrites no authority, and renews by it', () => {
  makeCertificateFolder(folder, options);
  const before = certificateOf('voter/tls.crt');
  expect(() => makeCertificateFolder(folder, options)).toThrow(/has an authority already; --renew/);
  renewCertificates(folder, { ...options, now: new Date('2027-01-01T00:00:00Z') });
  const after = certificateOf('voter/tls.crt');
  expect(after.serialNumber).not.toBe(before.serialNumber);
  expect(after.checkIssued(certificateOf('ca.crt'))).toBe(true);
  expect(after.validToDate).toEqual(new Date('2027-04-01T00:00:00Z'));
});

it('says what is wrong with a folder', () => {
  expect(() => renewCertificates(folder, options)).toThrow(/has no authority .*leave out --renew/);
  makeCertificateFolder(folder, options);
  const late = { ...options, now: new Date('2036-11-01T00:00:00Z') };
  expect(() => renewCertificates(folder, late)).toThrow(/the authority ends at 2036-11-20/);
});
