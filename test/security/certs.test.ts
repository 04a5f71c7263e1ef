import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokenHash } from '@mgrpo/rpc';
import { afterAll, expect, it } from 'vitest';
import { mgrpo } from '../command-line.ts';
import { securityWith } from './secrets-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'mgrpo-certs-'));
const folder = join(parent, 'certs');
afterAll(() => rmSync(parent, { recursive: true }));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

it('mgrpo certs makes what each role needs, once, and renews certificates only', async () => {
  const made = await mgrpo('certs', folder, '--days', '30');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toContain(`certificate: ${join(folder, '{role}/tls.crt')}`);
  const files = {
    ca: join(folder, 'voter/ca.crt'),
    certificate: join(folder, 'voter/tls.crt'),
    key: join(folder, 'voter/tls.key'),
  };
  const voter = securityWith({ certificates: files, tokensFile: join(folder, 'tokens') });
  expect(voter.certificateRole).toBe('voter');
  expect(voter.roleOfBearer(`Bearer ${read('monitoring/token').trim()}`)).toBe('monitoring');
  voter.close();
  expect(read('tokens')).not.toContain(read('voter/token').trim());
  expect(read('tokens')).toContain(`voter ${tokenHash(read('voter/token').trim())}\n`);
  expect(statSync(join(folder, 'voter/token')).mode & 0o777).toBe(0o600);

  expect(read('redis/users.acl')).toContain(
    `user voter on #${tokenHash(read('voter/redis-password'))} `,
  );

  const again = await mgrpo('certs', folder);
  expect(again.code).toBe(2);
  expect(again.stderr).toMatch(/has an authority already; --renew/);
  const [certificate, token] = [read('voter/tls.crt'), read('voter/token')];
  expect((await mgrpo('certs', folder, '--renew')).code).toBe(0);
  expect(read('voter/tls.crt')).not.toBe(certificate);
  expect(read('voter/token')).toBe(token);
});
