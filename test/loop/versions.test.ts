import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorkspace, trainSmall } from './small-run.ts';

const root = join(import.meta.dirname, '../..');

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let program: string;

beforeAll(async () => {
  workspace = await makeWorkspace();
  program = join(workspace.folder, 'program.mjs');
  // What becomes a service is the version that this file names when it starts.
  writeFileSync(
    program,
    `import { readFileSync } from 'node:fs';
     const version = readFileSync(${JSON.stringify(join(workspace.folder, 'version'))}, 'utf8');
     await import(version + '/services/cli/src/main.ts');`,
  );
});

afterAll(() => workspace.remove());

/** Makes a version of the program, which is this one under another number. */
function build(version: string): void {
  const folder = join(workspace.folder, version);
  mkdirSync(folder);
  for (const part of ['libs', 'services', 'protos', 'bin']) {
    cpSync(join(root, part), join(folder, part), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const description = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...description, version }));
}

/** From now on services start from this version: at once, so that a run does not go on meanwhile. */
function install(version: string): void {
  writeFileSync(join(workspace.folder, 'version'), join(workspace.folder, version));
}

test('services of two patch versions compute the same bits, through a rolling restart', async () => {
  const { folder, base } = workspace;
  const set = ['iterations=16'];
  const undisturbed = await trainSmall({ runFolder: join(folder, 'undisturbed'), base, set });
  for (const version of ['7.1.0', '7.1.1']) build(version);
  install('7.1.0');
  const first = new Map<string, number>();
  const turned: string[] = [];
  const result = await trainSmall({
    runFolder: join(folder, 'rolling'),
    base,
    set,
    program,
    onIteration: (applied, pids) => {
      if (applied === 2) {
        install('7.1.1');
        for (const [name, pid] of pids) first.set(name, pid);
      }
      const last = turned.at(-1);
      // One after the other, as a rolling update does.
      if (last !== undefined && pids.get(last) === first.get(last)) return;
      const next = [...first].find(([name]) => !turned.includes(name));
      if (next === undefined) return;
      turned.push(next[0]);
      process.kill(next[1], 'SIGTERM');
    },
  });
  expect(result).toEqual({ ...undisturbed, restarts: turned });
  expect(turned).toHaveLength(5);
}, 180_000);

test('a service, or a run, of another minor version is refused with both versions', async () => {
  const { folder, base } = workspace;
  for (const version of ['8.1.0', '8.2.0']) build(version);
  install('8.1.0');
  const runFolder = join(folder, 'mixed');
  const stop = new AbortController();
  const mixed = trainSmall({
    runFolder,
    base,
    set: ['iterations=10000'],
    program,
    signal: stop.signal,
    onIteration: (applied, pids) => {
      if (applied !== 2) return;
      install('8.2.0');
      process.kill(pids.get('voter-1')!, 'SIGTERM');
    },
  });
  await expect(mixed).rejects.toThrow(
    /voter-1: .*the service that joins is of version 8\.2\.0, this is 8\.1\.0: bits may differ/,
  );
  const manifest = JSON.parse(readFileSync(join(runFolder, runFiles.manifest), 'utf8'));
  expect(manifest.version).toBe('8.1.0');
  const resumed = trainSmall({ runFolder, base, set: ['iterations=10000'], program });
  await expect(resumed).rejects.toThrow(
    /learner: .*manifest\.json is of version 8\.1\.0, this is 8\.2\.0/,
  );
}, 180_000);
