import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidenceKind, type Method, methods } from '@mgrpo/algorithm';
import { expect, onTestFinished, test } from 'vitest';
import { readQuestions } from './questions.ts';
import { questionsOfIteration } from './questions-of-iteration.ts';

const options = {
  maxPromptTokens: 3,
  tooLong: 'reject',
  encode: async (questions: readonly { prompt: string }[]) =>
    questions.map(({ prompt }) => Int32Array.from(prompt, Number)),
  canonical: (answer: string) => `canonical ${answer}`,
} as const;

async function fileOf(rows: readonly object[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-questions-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'prompts.jsonl');
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}

const rows = [
  { prompt: '11', answer: 'gold-of-11', rephrasings: ['12', '1234', '13'] },
  { prompt: '21', answer: 'gold-of-21' },
  { prompt: '31', rephrasings: ['1234'] },
  { prompt: '4444', answer: 'gold-of-4444', rephrasings: ['41'] },
];

test('no method but grpo reads a gold answer', async () => {
  const path = await fileOf(rows);
  const withGold: string[] = [];
  for (const [name, method] of Object.entries<Method>(methods)) {
    const read = await readQuestions(path, evidenceKind(method), options);
    if (JSON.stringify(read).includes('gold-of')) withGold.push(name);
  }
  expect(withGold).toEqual(['grpo']);
});

test('grpo leaves out what has no answer, and every answer is canonical', async () => {
  const read = await readQuestions(await fileOf(rows), 'gold', options);
  expect(read).toMatchObject({ numLeftOut: 1, numRejected: 1 });
  expect(read.questions).toEqual([
    { kind: 'gold', tokens: Int32Array.of(1, 1), answer: 'canonical gold-of-11' },
    { kind: 'gold', tokens: Int32Array.of(2, 1), answer: 'canonical gold-of-21' },
  ]);
});

test('a gold answer of which nothing is left is named, since no response can have it', async () => {
  const path = await fileOf([{ id: 'a', prompt: '1', answer: '$$' }]);
  const canonical = (answer: string) => answer.replaceAll('$', '');
  await expect(readQuestions(path, 'gold', { ...options, canonical })).rejects.toThrow(
    `${path}: the answer of "a" holds nothing to compare with; mend it or delete the row`,
  );
});

test('a question stays while it and one of its rephrasings are short enough', async () => {
  const read = await readQuestions(await fileOf(rows), 'other-wording', options);
  expect(read).toMatchObject({ numLeftOut: 1, numRejected: 3 });
  const rephrasings = [Int32Array.of(1, 2), Int32Array.of(1, 3)];
  expect(read.questions).toEqual([
    { kind: 'other-wording', tokens: Int32Array.of(1, 1), rephrasings },
  ]);
  const tooLong = await fileOf([{ prompt: '1', rephrasings: ['1234'] }]);
  await expect(readQuestions(tooLong, 'other-wording', options)).rejects.toThrow(
    'no question and rephrasing of it are both at most 3 tokens long',
  );
});

test('rephrasings are asked under the system message of their question', async () => {
  const prompt = [
    { role: 'system', content: 'S' },
    { role: 'user', content: '1' },
  ];
  const path = await fileOf([{ prompt, rephrasings: ['2'] }]);
  const asked: unknown[] = [];
  const encode = async (questions: readonly object[]) => {
    asked.push(...questions);
    return questions.map(() => Int32Array.of(1));
  };
  await readQuestions(path, 'other-wording', { ...options, encode });
  expect(asked).toMatchObject([
    { prompt: 'S\n\n1', chat: { system: 'S', user: '1' } },
    { prompt: '2', chat: { system: 'S', user: '2' } },
  ]);
});

test('an iteration asks two wordings of a question one after the other, and each rephrasing in turn', async () => {
  const path = await fileOf([
    { prompt: '11', rephrasings: ['12', '13'] },
    { prompt: '21', rephrasings: ['22'] },
  ]);
  const { questions } = await readQuestions(path, 'other-wording', options);
  const ask = (iteration: number) =>
    questionsOfIteration(questions, {
      seed: 1,
      iteration,
      algorithm: { method: 'co-reward', promptsPerIteration: 4 },
    });
  const asked = ask(0);
  expect(asked.flatMap(({ prompts }) => prompts.map(({ prompt }) => prompt))).toEqual([0, 1, 2, 3]);
  expect(asked.every(({ gold }) => gold === null)).toBe(true);
  const texts = Array.from({ length: 20 }, (_, iteration) => ask(iteration)).flatMap((iteration) =>
    iteration.map(({ prompts }) => prompts.map(({ tokens }) => tokens.join('')).join(' ')),
  );
  expect(new Set(texts)).toEqual(new Set(['11 12', '11 13', '21 22']));
  expect(ask(7)).toEqual(ask(7));
});

test('an iteration of grpo brings each question’s own answer', async () => {
  const { questions } = await readQuestions(await fileOf(rows), 'gold', options);
  const asked = questionsOfIteration(questions, {
    seed: 1,
    iteration: 3,
    algorithm: { method: 'grpo', promptsPerIteration: 2 },
  });
  for (const { prompts, gold } of asked) {
    expect(gold).toBe(`canonical gold-of-${prompts[0]!.tokens.join('')}`);
  }
});
