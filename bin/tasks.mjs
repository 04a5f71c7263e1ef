// The developer's tasks: `check` (format, lint, types, dead code), `test` (check, then vitest) and `format`.
// `test` with arguments runs vitest alone with them, for a quick look at a part: npm test -- libs/onnx

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const tools = {
  biome: '@biomejs/biome/bin/biome',
  tsc: 'typescript/bin/tsc',
  knip: 'knip/bin/knip.js',
  vitest: 'vitest/vitest.mjs',
  chaos: '../test/chaos/main.ts',
};

const checks = [
  ['format and lint', 'biome', ['check', '.']],
  ['types', 'tsc', ['-p', '.']],
  ['dead code', 'knip', ['--no-progress']],
];

const tasks = {
  format: (args) => [['format', 'biome', ['check', '--write', ...(args.length ? args : ['.'])]]],
  check: () => checks,
  test: (args) => [...(args.length ? [] : checks), ['tests', 'vitest', ['run', ...args]]],
  // A million damaged inputs for each door, where `test` tries 10,000.
  fuzz: () => [['fuzz', 'vitest', ['run', 'test/fuzz']]],
  // With arguments too: `chaos --seed 7 --run 3`.
  chaos: (args) => [['chaos', 'chaos', args]],
};

const [task = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(tasks, task)) {
  console.error(`usage: bin/run ${Object.keys(tasks).join('|')} [arguments]`);
  process.exit(2);
}
// Whatever a tool spawns as `node` is this Node too.
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
if (task === 'fuzz') {
  env.FUZZ_CASES ??= '1000000';
  env.FUZZ_SEED ??= String(Date.now() % 2 ** 31);
}
for (const [title, tool, toolArgs] of tasks[task](args)) {
  console.log(`\n── ${title}: ${tool} ${toolArgs.join(' ')}`);
  const command = [join(root, 'node_modules', tools[tool]), ...toolArgs];
  const { status, signal } = spawnSync(process.execPath, command, {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) {
    // The runner's own count stays the last line of a test run.
    if (tool !== 'vitest') console.error(`\n${title} failed${signal ? ` (${signal})` : ''}`);
    process.exit(status ?? 1);
  }
}
