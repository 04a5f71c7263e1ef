import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-faults-'));
afterAll(() => rmSync(folder, { recursive: true }));

const source = new URL('./index.ts', import.meta.url).href;
const program = `import { faultPoint } from '${source}'; faultPoint('after-step'); console.log('alive');`;

function run(env: Record<string, string>) {
  return spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
}

it('an armed point kills the process there, once; another or none does nothing', () => {
  writeFileSync(join(folder, 'after-step'), '');
  writeFileSync(join(folder, 'mid-stream'), '');
  expect(run({}).stdout).toBe('alive\n');
  expect(run({ MGRPO_FAULT_POINTS: folder })).toMatchObject({ signal: 'SIGKILL', stdout: '' });
  expect(readdirSync(folder)).toEqual(['mid-stream']);
  expect(run({ MGRPO_FAULT_POINTS: folder }).stdout).toBe('alive\n');
});
