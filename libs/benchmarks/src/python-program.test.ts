import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { PythonCheck } from './problem.ts';
import { pythonRuns } from './python-program.ts';

const python = spawnSync('python3', ['--version']).status === 0;
if (!python) console.log('python programs: python3 is not there, so the tests on it are skipped');

/** Whether all runs of a solution pass. The solutions are ours, so they need no sandbox here. */
function passes(code: string, check: PythonCheck): boolean {
  return [...pythonRuns(code, check)].every(({ program, stdin }) => {
    return spawnSync('python3', ['-c', program], { input: stdin, timeout: 10_000 }).status === 0;
  });
}

const square: PythonCheck = {
  kind: 'asserts',
  setup: 'limit = 3',
  asserts: ['assert square(2) == 4', 'assert square(limit) == 9'],
};

const sum: PythonCheck = {
  kind: 'contest',
  call: null,
  shown: '[{"input": "2\\n1 2\\n", "output": "3\\n"}]',
  hidden: '[{"input": "1\\n2\\n", "output": "2"}]',
};

const add: PythonCheck = {
  kind: 'contest',
  call: 'add',
  shown: '',
  hidden: '[{"input": "[1, 2]\\n\\"x\\"", "output": "[1, 2, \\"x\\"]"}]',
};

describe.skipIf(!python)('Python passes exactly when it does what it must', () => {
  test.each<[string, string, PythonCheck, boolean]>([
    ['a right function', 'def square(x):\n    print(x)\n    return x * x', square, true],
    ['a wrong function', 'def square(x): return x + x', square, false],
    ['one that leaves early', 'import sys\ndef square(x): sys.exit(0)', square, false],
    ['one that leaves hard', 'import os\ndef square(x): os._exit(0)', square, false],
    ['one that leaves by the back door', 'from posix import _exit\n_exit(0)', square, false],
    ['no Python', 'def square(x:', square, false],
    ['a right program', 'n = input()\nprint(sum(map(int, input().split())))', sum, true],
    [
      'one that reads bytes and leaves',
      'import sys, os\nd = sys.stdin.buffer.read().split()\nos.write(1, str(sum(map(int, d[1:]))).encode())\nexit()',
      sum,
      true,
    ],
    [
      'one that asks for its main',
      'if __name__ == "__main__":\n    input(); print(sum(map(int, input().split())))',
      sum,
      true,
    ],
    ['equal decimal numbers', 'input(); print(float(sum(map(int, input().split()))))', sum, true],
    ['a wrong program', 'print(3)', sum, false],
    [
      'one that prints too much',
      'input(); print(sum(map(int, input().split())), "\\n!")',
      sum,
      false,
    ],
    ['one that fails at last', 'input(); print(sum(map(int, input().split()))); 1 / 0', sum, false],
    ['a method', 'class Solution:\n    def add(self, l: List[int], x): return l + [x]', add, true],
    ['a function', 'def add(l, x): return (*l, x)', add, true],
    ['a wrong method', 'class Solution:\n    def add(self, l, x): return l', add, false],
    [
      'quotes, backslashes and other letters',
      'def square(x):\n    "\\"\'\\\\ é 😀"\n    return x * x',
      square,
      true,
    ],
  ])('%s', (_, code, check, expected) => {
    expect(passes(code, check)).toBe(expected);
  });
});
