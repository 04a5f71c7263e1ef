import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { benchmarkNamed, benchmarks } from './benchmarks.ts';
import type { BenchmarkRow } from './columns.ts';
import { findBenchmarkFile } from './find-file.ts';
import type { Problem } from './problem.ts';
import { readProblems } from './read-problems.ts';

async function* rowsOf(rows: readonly Record<string, unknown>[]): AsyncGenerator<BenchmarkRow> {
  for (const [i, values] of rows.entries()) yield { where: `file.jsonl:${i + 1}`, values };
}

async function problemsOf(name: string, ...rows: Record<string, unknown>[]): Promise<Problem[]> {
  const { problems } = await readProblems(benchmarkNamed(name), rowsOf(rows));
  return [...problems];
}

describe('a question becomes this prompt', () => {
  const boxedEnd = '\n\nPlease reason step by step, and put your final answer within \\boxed{}.';
  const letterEnd =
    '\n\nPlease reason step by step, and put the letter of your choice within \\boxed{}.';

  test.each(['math500', 'math-test', 'gsm8k', 'svamp', 'amc23', 'aime24', 'aime25', 'minerva'])(
    '%s',
    async (name) => {
      const [problem] = await problemsOf(name, { id: 'a', prompt: 'What is {x}? ', answer: '4' });
      expect(problem).toEqual({
        kind: 'boxed',
        id: 'a',
        prompt: `What is {x}?${boxedEnd}`,
        gold: '4',
      });
    },
  );

  test('olympiadbench', async () => {
    const [problem] = await problemsOf('olympiadbench', {
      question: 'Q',
      final_answer: ['$1$', '$2$'],
    });
    expect(problem).toEqual({
      kind: 'boxed',
      id: '1',
      prompt: `Q${boxedEnd} If there are several answers, list them in one \\boxed{}, separated by commas.`,
      gold: '$1$, $2$',
    });
  });

  test.each(['mmlu-stem', 'mmlu-pro', 'gpqa', 'gpqa-diamond'])('%s', async (name) => {
    const row = { question: 'Q', choices: ['one', 'two ', 'three'], answer: 1 };
    const expected = {
      kind: 'choice',
      id: 'x',
      prompt: `Q\nA. one\nB. two\nC. three${letterEnd}`,
      gold: 'B',
      numChoices: 3,
    };
    expect(await problemsOf(name, { id: 'x', ...row })).toEqual([expected]);
    const listed = { id: 'x', prompt: 'Q\nA. one\nB. two\nC. three', answer: 'B' };
    expect(await problemsOf(name, listed)).toEqual([expected]);
  });

  test('mbpp', async () => {
    const row = {
      task_id: 11,
      text: 'Write f.',
      code: 'def f(): pass',
      test_list: ['assert f() is None', 'assert not f()'],
      test_setup_code: 'x = 1',
    };
    expect(await problemsOf('mbpp', row)).toEqual([
      {
        kind: 'python',
        id: '11',
        prompt:
          'Write f. Your code should pass these tests:\n\nassert f() is None\nassert not f()\n\nWrite it in one ```python block.',
        check: { kind: 'asserts', setup: 'x = 1', asserts: row.test_list },
        reference: 'def f(): pass',
      },
    ]);
  });

  test('livecodebench, a program and a method', async () => {
    const cases = (testtype: string) => JSON.stringify([{ input: '1', output: '2', testtype }]);
    const problems = await problemsOf(
      'livecodebench',
      { question_id: 'p', question_content: 'Q', public_test_cases: cases('stdin') },
      {
        question_id: 'm',
        question_content: 'Q',
        starter_code: 'class Solution:\n    def f(self): \n',
        metadata: '{"func_name": "f"}',
        public_test_cases: cases('functional'),
        private_test_cases: cases('functional'),
      },
    );
    expect(problems.map(({ prompt }) => prompt)).toEqual([
      'Q\n\nRead the input from standard input and write the answer to standard output. Write the program in one ```python block.',
      'Q\n\nComplete this code, and write all of it in one ```python block.\n\n```python\nclass Solution:\n    def f(self):\n```',
    ]);
    expect(problems.map((problem) => problem.kind === 'python' && problem.check)).toEqual([
      { kind: 'contest', call: null, shown: cases('stdin'), hidden: '' },
      { kind: 'contest', call: 'f', shown: cases('functional'), hidden: cases('functional') },
    ]);
  });
});

describe('the files of the Hub', () => {
  test('GSM8K has the answer after ####', async () => {
    const [problem] = await problemsOf('gsm8k', { question: 'Q', answer: 'Two.\n#### 1,234' });
    expect(problem).toMatchObject({ gold: '1,234' });
  });

  test('MATH has it in the box of the solution', async () => {
    const row = { problem: 'Q', solution: 'So \\boxed{\\frac{1}{2}}.', level: 'Level 5' };
    expect((await problemsOf('math-test', row))[0]).toMatchObject({ gold: '\\frac{1}{2}' });
  });

  test('SVAMP tells and asks in two columns, with a number as answer', async () => {
    const row = { Body: 'He has 5.', Question: 'How many?', Answer: 5 };
    const [problem] = await problemsOf('svamp', row);
    expect(problem?.prompt).toMatch(/^He has 5\. How many\?\n/);
    expect(problem).toMatchObject({ gold: '5' });
  });

  test('MMLU holds subjects that are not STEM, MBPP other splits', async () => {
    const row = { question: 'Q', choices: ['1', '2'], answer: 0 };
    const mmlu = rowsOf([
      { ...row, subject: 'world_religions' },
      { ...row, subject: 'astronomy' },
    ]);
    const { problems, numLeftOut } = await readProblems(benchmarkNamed('mmlu-stem'), mmlu);
    expect([problems.length, numLeftOut]).toEqual([1, 1]);
    const mbpp = { text: 'Q', code: '', test_list: ['assert 1'] };
    expect(
      await problemsOf('mbpp', { ...mbpp, split: 'prompt' }, { ...mbpp, split: 'test' }),
    ).toHaveLength(1);
  });

  test('GPQA’s choices are put in an order that follows from the id, evenly', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({
      'Record ID': `rec${i}`,
      Question: 'Q',
      'Correct Answer': 'right',
      'Incorrect Answer 1': 'x',
      'Incorrect Answer 2': 'y',
      'Incorrect Answer 3': 'z',
    }));
    const problems = await problemsOf('gpqa', ...rows);
    const golds = problems.map((problem) => (problem.kind === 'choice' ? problem.gold : ''));
    for (const letter of 'ABCD') {
      const share = golds.filter((gold) => gold === letter).length / golds.length;
      expect(share).toBeGreaterThan(0.18);
      expect(share).toBeLessThan(0.32);
    }
    for (const [i, problem] of problems.entries()) {
      expect(problem.prompt).toContain(`\n${golds[i]}. right\n`);
    }
    expect(await problemsOf('gpqa', ...rows)).toEqual(problems);
  });
});

describe('what is wrong is said with row and column', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'math500',
      { answer: '1' },
      /file\.jsonl:1: has no column "prompt" or "problem".*it has answer; map one with --columns prompt=NAME/,
    ],
    ['math500', { prompt: 'Q', answer: ' ' }, /file\.jsonl:1: column "answer" is empty/],
    ['math500', { problem: ['Q'], answer: '1' }, /file\.jsonl:1: column "problem" must be text/],
    [
      'mmlu-pro',
      { question: 'Q', options: ['a', 'b'], answer: 'C' },
      /column "answer" must be the letter or index of one of 2 choices/,
    ],
    ['mmlu-pro', { question: 'Q', answer: 'A' }, /column "question" lists no choices/],
    ['mbpp', { text: 'Q', test_list: 'assert 1' }, /column "test_list" must be a list of texts/],
    [
      'livecodebench',
      { question_content: 'Q', public_test_cases: '{' },
      /column "public_test_cases" is no JSON/,
    ],
    [
      'livecodebench',
      { question_content: 'Q', private_test_cases: 'zz' },
      /column "private_test_cases" is neither JSON nor packed/,
    ],
  ])('%s %j', async (name, row, message) => {
    await expect(problemsOf(name, row)).rejects.toThrow(message);
  });

  test('two rows with one id', async () => {
    const row = { id: 'a', prompt: 'Q', answer: '1' };
    await expect(problemsOf('math500', row, row)).rejects.toThrow(
      /file\.jsonl:2: column "id" is "a" as at file\.jsonl:1; ids must differ/,
    );
  });

  test('no rows, or none of the split', async () => {
    await expect(problemsOf('math500')).rejects.toThrow(/file of math500 is empty/);
    await expect(problemsOf('mbpp', { split: 'train' })).rejects.toThrow(
      /has 1 rows, none of them/,
    );
  });

  test('columns may be named', async () => {
    const rows = rowsOf([{ Frage: 'Q', answer: '1' }]);
    const named = new Map([['prompt', 'Frage']]);
    const { problems } = await readProblems(benchmarkNamed('math500'), rows, named);
    expect(problems[0]?.prompt).toMatch(/^Q\n/);
  });
});

describe('the file of a benchmark', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-benchmarks-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  for (const name of [
    'MATH-500.jsonl',
    'gsm8k_train.jsonl',
    'gsm8k_test.parquet',
    'gsm8k_test.jsonl',
  ]) {
    writeFileSync(join(folder, name), '');
  }
  const find = (name: string, own?: string) =>
    findBenchmarkFile(benchmarkNamed(name), { folder, own });

  test('is found by any of its names, JSON lines first', async () => {
    expect(await find('math500')).toBe(join(folder, 'MATH-500.jsonl'));
    expect(await find('gsm8k')).toBe(join(folder, 'gsm8k_test.jsonl'));
    expect(await find('aime24', join(folder, 'MATH-500.jsonl'))).toMatch(/MATH-500/);
  });

  test('is asked for by the names that were looked for', async () => {
    await expect(find('aime24')).rejects.toThrow(
      /holds none of aime24\.jsonl, aime24\.parquet.*--file aime24=PATH; it comes from math-ai\/aime24/,
    );
  });
});

test('benchmarks have the samples of the paper, and different names', () => {
  const eight = benchmarks.filter(({ samples }) => samples === 8).map(({ name }) => name);
  expect(eight).toEqual(['aime24', 'aime25', 'gpqa-diamond']);
  expect(benchmarks.filter(({ samples }) => samples === 1)).toHaveLength(benchmarks.length - 3);
  expect(new Set(benchmarks.map(({ name }) => name)).size).toBe(benchmarks.length);
  expect(() => benchmarkNamed('math')).toThrow(/no benchmark "math"; choose from math500, .*gpqa/);
});
