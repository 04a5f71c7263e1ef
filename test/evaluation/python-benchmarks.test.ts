import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchmarkNamed, judgeResponse, openBenchmarkRows, readProblems } from '@mgrpo/benchmarks';
import { openSandbox, type Sandbox } from '@mgrpo/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mgrpo } from '../command-line.ts';

const main = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));
const mbpp = fileURLToPath(new URL('../../../shared/data/mbpp.jsonl', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-python-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sandbox = await openSandbox({ searchPath: process.env.PATH ?? '' }).catch(
  (error: unknown) => {
    console.log(`Python benchmarks: ${error}; the tests on them are skipped`);
    return null;
  },
);
afterAll(() => sandbox?.close());

// Rows as LiveCodeBench has them; the question and cases are ours.
const program = {
  question_id: 'sum',
  question_content: 'Print the sum of the numbers of the second line.',
  starter_code: '',
  public_test_cases: JSON.stringify([{ input: '2\n1 2\n', output: '3\n', testtype: 'stdin' }]),
  private_test_cases: JSON.stringify([{ input: '1\n-7\n', output: '-7', testtype: 'stdin' }]),
  metadata: '{}',
};
const method = {
  question_id: 'twice',
  question_content: 'Double each number.',
  starter_code: 'class Solution:\n    def twice(self, xs: List[int]) -> List[int]:\n',
  public_test_cases: JSON.stringify([
    { input: '[1, 2]', output: '[2, 4]', testtype: 'functional' },
  ]),
  private_test_cases: '[]',
  metadata: '{"func_name": "twice"}',
};

describe.skipIf(sandbox === null)('Python is judged in the sandbox', () => {
  const file = join(folder, 'livecodebench.jsonl');
  beforeAll(() => writeFileSync(file, `${JSON.stringify(program)}\n${JSON.stringify(method)}\n`));

  test.each([
    ['sum', 'n = input()\nprint(sum(map(int, input().split())))', 'passed'],
    ['sum', 'import sys\nprint(sum(map(int, sys.stdin.read().split()[1:])))\nsys.exit()', 'passed'],
    ['sum', 'print(3)', 'failed'],
    ['sum', 'import os\nos._exit(0)', 'failed'],
    ['sum', 'print(open("/etc/passwd").read())', 'failed'],
    [
      'twice',
      'class Solution:\n    def twice(self, xs):\n        return [2 * x for x in xs]',
      'passed',
    ],
    ['twice', 'class Solution:\n    def twice(self, xs):\n        return xs', 'failed'],
    ['twice', 'import socket\nsocket.socket()', 'failed'],
    ['twice', 'x = [0] * 10**10', 'out-of-memory'],
    ['twice', null, null],
  ])('%s: %s', async (id, code, outcome) => {
    const benchmark = benchmarkNamed('livecodebench');
    const { problems } = await readProblems(benchmark, openBenchmarkRows(benchmark, file));
    const problem = problems.find((one) => one.id === id)!;
    const response = code === null ? 'I can not.' : `So:\n\`\`\`python\n${code}\n\`\`\`\n`;
    const run = (one: Parameters<Sandbox['run']>[0]) => sandbox!.run(one);
    const verdict = await judgeResponse(benchmark, problem, { response, runPython: run });
    expect(verdict).toEqual({ answer: outcome, isRight: outcome === 'passed' });
  });

  test.skipIf(!existsSync(mbpp))('MBPP’s own solutions pass', async () => {
    const flags = ['--file', `mbpp=${mbpp}`, '--max-prompts', '25'];
    const { stdout } = await mgrpo('eval', '--check', '--benchmarks', 'mbpp', ...flags);
    expect(stdout).toMatch(/^mbpp: 25 of 25 gold answers are judged right \(/);
  });
});

test('without bubblewrap nothing is run, and the reason is given', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  const row = { text: 'Q', code: '', test_list: ['assert 1'], task_id: 11 };
  writeFileSync(join(folder, 'mbpp.jsonl'), JSON.stringify(row));
  const { status, stderr } = spawnSync(
    join(bin, 'node'),
    [main, 'eval', '--check', '--benchmarks', 'mbpp', '--data', folder],
    { env: { PATH: bin, HOME: dirname(folder) }, encoding: 'utf8' },
  );
  expect(stderr.split('\n').filter((line) => !/the whole of mbpp/.test(line))[0]).toMatch(
    /^mgrpo: .*bubblewrap/,
  );
  expect(status).toBe(1);
});
