import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { runProgram } from './command-line.ts';

const bin = join(import.meta.dirname, '..', 'bin');

/** A checkout in a path with spaces, whose npm is a script that writes down how it was called. */
let checkout: string;
let programs: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo set-up '));
  checkout = join(folder, 'a checkout');
  programs = join(folder, 'programs');
  cpSync(bin, join(checkout, 'bin'), { recursive: true });
  mkdirSync(join(checkout, 'services/cli/src'), { recursive: true });
  mkdirSync(programs);
  writeFileSync(join(checkout, 'package.json'), '{"packageManager": "pnpm@10.0.0"}');
  writeFileSync(join(checkout, 'pnpm-lock.yaml'), 'lockfileVersion: 1\n');
  writeFileSync(
    join(checkout, 'services/cli/src/main.ts'),
    'const args: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify({ args, pid: process.pid }));\n',
  );
  npmIs(`echo "$@" >> '${join(folder, 'calls')}'; sleep 0.2`);
});

function npmIs(script: string): void {
  writeFileSync(join(programs, 'npm'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(programs, 'npm'), 0o755);
}

const npmCalls = () =>
  readFileSync(join(dirname(checkout), 'calls'), 'utf8')
    .trim()
    .split('\n');

/** Runs bin/mgrpo under the name `program`, from another folder. */
async function start(args: string[], { program = join(checkout, 'bin/mgrpo'), path = '' } = {}) {
  const searchPath = path || `${programs}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const { code, stdout, stderr, pid } = await runProgram(program, args, {
    cwd: tmpdir(),
    env: { PATH: searchPath },
  });
  return { code, stderr, pid, answer: stdout === '' ? null : JSON.parse(stdout) };
}

test('the first start installs the locked packages by the pinned pnpm, later ones do not', async () => {
  const first = await start(['train', 'a b', '--set', "x='y'"]);
  expect(first.answer.args).toEqual(['train', 'a b', '--set', "x='y'"]);
  expect(first.stderr).toContain('setting up this checkout, once');
  const second = await start([]);
  expect(second).toMatchObject({ code: 0, stderr: '' });
  expect(npmCalls()).toEqual([
    expect.stringMatching(/^exec --yes --package=pnpm@10\.0\.0 -- pnpm install --frozen-lockfile /),
  ]);
});

test('the process that was started is the real one: no shell stands in between', async () => {
  const { pid, answer } = await start([]);
  expect(answer.pid).toBe(pid);
});

test('a new lock file is installed', async () => {
  await start([]);
  writeFileSync(join(checkout, 'pnpm-lock.yaml'), 'lockfileVersion: 2\n');
  await start([]);
  expect(npmCalls()).toHaveLength(2);
});

test('it works through links', async () => {
  const link = join(programs, 'mgrpo');
  symlinkSync('../a checkout/bin/mgrpo', link);
  expect((await start(['x'], { program: link })).answer.args).toEqual(['x']);
});

test('of several first starts one sets up and the others wait', async () => {
  const starts = await Promise.all([start(['1']), start(['2']), start(['3'])]);
  expect(starts.map(({ answer }) => answer.args[0])).toEqual(['1', '2', '3']);
  expect(npmCalls()).toHaveLength(1);
});

test('a set-up that was killed is not waited for', async () => {
  mkdirSync(join(checkout, 'node_modules'));
  writeFileSync(join(checkout, 'node_modules/.mgrpo-setup.pid'), '4194304');
  expect((await start([])).code).toBe(0);
  expect(existsSync(join(checkout, 'node_modules/.mgrpo-setup.pid'))).toBe(false);
});

test.each([
  ['echo "ERR_SOCKET_TIMEOUT getaddrinfo ENOTFOUND" >&2; exit 1', /registry cannot be reached/],
  ['echo "ENOSPC: no space left on device" >&2; exit 1', /the disk is full/],
  ['echo "lock file is broken" >&2; exit 1', /lock file is broken.*see above/s],
])('npm fails: %s', async (script, message) => {
  npmIs(script);
  const { code, stderr, answer } = await start([]);
  expect(stderr).toMatch(message);
  expect({ code, answer }).toEqual({ code: 1, answer: null });
  expect(existsSync(join(checkout, 'node_modules/.mgrpo-lock.yaml'))).toBe(false);
});

test('without npm or Node the error says what to install', async () => {
  rmSync(join(programs, 'npm'));
  for (const name of ['sh', 'readlink', 'dirname', 'cmp']) {
    symlinkSync(
      existsSync(`/usr/bin/${name}`) ? `/usr/bin/${name}` : `/bin/${name}`,
      join(programs, name),
    );
  }
  expect((await start([], { path: programs })).stderr).toMatch(/no "node" is on the PATH; install/);
  symlinkSync(process.execPath, join(programs, 'node'));
  expect((await start([], { path: programs })).stderr).toMatch(/npm is not on the PATH; install/);
});
