import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What a contributor types: the method's file, the import and the line in the table. */
function workedExample(): { path: string; file: string; imported: string; line: string } {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const section = text.slice(text.indexOf('## Adding a method'));
  const [, path, file] = /```ts\n\/\/ (\S+)\n(.*?)```/s.exec(section)!;
  const [imported, line] = [...section.matchAll(/^\+(.*)$/gm)].map(([, added]) => added!);
  return { path: path!, file: file!, imported: imported!, line: line! };
}

/** A copy of the packages that know the methods, which finds its dependencies where ours do. */
function copyOfCode(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-method-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const packages = join(folder, 'node_modules/@mgrpo');
  mkdirSync(packages, { recursive: true });
  for (const name of ['algorithm', 'config']) {
    const copy = join(folder, 'libs', name);
    const isCode = (path: string) => !path.includes('node_modules') && !path.endsWith('.test.ts');
    cpSync(join(root, 'libs', name), copy, { recursive: true, filter: isCode });
    symlinkSync(copy, join(packages, name));
  }
  const linked = { '@mgrpo/answers': 'libs/answers', '@mgrpo/errors': 'libs/errors' };
  for (const [name, path] of Object.entries(linked)) {
    symlinkSync(join(root, path), join(folder, 'node_modules', name));
  }
  for (const name of ['zod', 'yaml']) {
    symlinkSync(join(root, 'libs/config/node_modules', name), join(folder, 'node_modules', name));
  }
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const base = join(root, 'tsconfig.base.json');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: base, include: ['libs/algorithm', 'libs/config'] }),
  );
  return folder;
}

const groups = [
  ['7', '7', '7', '5'],
  ['7', '7', '5', '9'],
];

/** Resolves a configuration with the new method, and judges both groups by it. */
const program = `
import { judgeGroup } from '@mgrpo/algorithm';
import { loadRunConfig } from '@mgrpo/config';
const { algorithm } = loadRunConfig({
  file: 'recipe.yaml',
  environment: {},
  overrides: [{ flag: '--set', assignment: 'algorithm.method=absolute-majority' }],
});
const signals = ${JSON.stringify(groups)}.map((answers) => {
  const members = answers.map((answer, index) =>
    ({ role: 'policy', index, answer, entropy: 1, selfCertainty: null, numTokens: 5 }));
  const { label, members: judged } = judgeGroup(members, { ...algorithm, groupSize: 4 });
  const outcomes = judged.map(({ outcome }) => outcome.kind === 'kept' ? outcome.reward : outcome.reason);
  return { label: label.answer ?? null, outcomes };
});
console.log(JSON.stringify(signals));
`;

test('the worked example of CONTRIBUTING.md is a method: one file, one line in the table', () => {
  const { path, file, imported, line } = workedExample();
  const folder = copyOfCode();
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), file);
  const table = join(folder, 'libs/algorithm/src/methods.ts');
  const start = 'export const methods = {\n';
  const before = readFileSync(table, 'utf8');
  expect(before).toContain(start);
  writeFileSync(table, `${imported}\n${before.replace(start, `${start}${line}\n`)}`);
  writeFileSync(join(folder, 'program.ts'), program);
  writeFileSync(
    join(folder, 'recipe.yaml'),
    'model: { path: /model }\nprompts: { train: /prompts.jsonl }\niterations: 1\n',
  );

  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', '.'], { cwd: folder, stdio: 'pipe' });
  const output = execFileSync(process.execPath, ['program.ts'], { cwd: folder, encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual([
    { label: '7', outcomes: [1, 1, 1, 0] },
    { label: null, outcomes: ['no-label', 'no-label', 'no-label', 'no-label'] },
  ]);
});
