import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { readEvaluationPrompts, readTrainingPrompts, trainingReaders } from './prompts.ts';

async function fileOf(content: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-prompts-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'prompts.jsonl');
  await writeFile(path, content);
  return path;
}

const threeRows = [
  '{"id":"a","prompt":"1+1=","answer":"2","source":"hand","level":7}',
  '',
  '{"prompt":"2+2=","answer":" "}',
  '{"id":"c","prompt":"3+3="}',
].join('\r\n');

test('training reads every question, no answer, and reports the empty one by its line', async () => {
  expect(await readTrainingPrompts(await fileOf(threeRows))).toEqual({
    prompts: [
      { id: 'a', prompt: '1+1=' },
      { id: '3', prompt: '2+2=' },
      { id: 'c', prompt: '3+3=' },
    ],
    numLeftOut: 0,
    emptyAnswerLines: [3],
  });
});

test('evaluation reads the questions that have an answer', async () => {
  expect(await readEvaluationPrompts(await fileOf(threeRows))).toEqual({
    prompts: [{ id: 'a', prompt: '1+1=', answer: '2' }],
    numLeftOut: 2,
    emptyAnswerLines: [3],
  });
  await expect(readEvaluationPrompts(await fileOf('{"prompt":"x"}\n'))).rejects.toThrow(
    'has no row with an "answer" to evaluate against',
  );
});

test('training on gold answers needs some', async () => {
  const file = await trainingReaders.gold(await fileOf(threeRows));
  expect(file.prompts).toEqual([{ id: 'a', prompt: '1+1=', answer: '2' }]);
  await expect(trainingReaders.gold(await fileOf('{"prompt":"x"}\n'))).rejects.toThrow(
    /has no row with an "answer" to train on, which algorithm.method grpo needs; add answers to/,
  );
});

test('a question and its rephrasings are read together, without the answer', async () => {
  const readRephrased = trainingReaders['other-wording'];
  const rows = [
    '{"id":"a","prompt":"1+1=","rephrasings":["2-0=","0+2="],"answer":"2"}',
    '{"id":"b","prompt":"2+2=","rephrasings":[]}',
  ];
  expect(await readRephrased(await fileOf(rows.join('\n')))).toEqual({
    prompts: [{ id: 'a', prompt: '1+1=', rephrasings: ['2-0=', '0+2='] }],
    numLeftOut: 1,
    emptyAnswerLines: [],
  });
  await expect(readRephrased(await fileOf(rows[1]!))).rejects.toThrow(
    /has no row with "rephrasings".* co-reward asks; add them to prompts.train or choose another/,
  );
});

test('any rows come back, wherever the file is cut into chunks', async () => {
  const prompt = fc.string({ unit: 'grapheme', maxLength: 40_000 }).map((text) => `x${text}`);
  await fc.assert(
    fc.asyncProperty(fc.array(prompt, { minLength: 1, maxLength: 20 }), async (prompts) => {
      const rows = prompts.map((text) => JSON.stringify({ prompt: text }));
      const file = await readTrainingPrompts(await fileOf(rows.join('\n')));
      expect(file.prompts.map((read) => read.prompt)).toEqual(prompts);
    }),
    { numRuns: 20 },
  );
});

test.each([
  ['broken JSON', '{"prompt":', 'is no JSON ('],
  ['a list', '["x"]', 'is no JSON object; each line is {"prompt": "…"}'],
  ['no prompt', '{"id":"b"}', '"prompt" is missing; add it or delete the line'],
  ['a prompt that is null', '{"prompt":null}', '"prompt" is missing'],
  ['a prompt that is a number', '{"prompt":7}', '"prompt" must be text, not 7'],
  ['an empty prompt', '{"prompt":" "}', '"prompt" is empty; fill it or delete the line'],
  ['an id that is a list', '{"id":[7],"prompt":"x"}', '"id" must be text or a number, not [7]'],
  ['an id that was there', '{"id":"a","prompt":"x"}', 'prompts.jsonl:1 too; ids must differ'],
  ['a line beyond 1 MiB', `{"prompt":"${'x'.repeat(1 << 20)}"}`, 'longer than 1048576 bytes'],
])('%s is refused with file and line', async (_what, line, expected) => {
  const path = await fileOf(`{"id":"a","prompt":"fine"}\n${line}\n`);
  const error = await readTrainingPrompts(path).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'INVALID_INPUT' });
  expect((error as Error).message).toContain(`${path}:2 `);
  expect((error as Error).message).toContain(expected);
});

test('of a line that is no JSON nothing is quoted: some data may not be printed', async () => {
  const lines = ['secret question', '{"prompt": secret question of some length}', 'x: "secret"'];
  for (const line of lines) {
    const error = await readTrainingPrompts(await fileOf(line)).catch((caught: unknown) => caught);
    expect((error as Error).message).toMatch(/:1 is no JSON \(Unexpected token '.'\); mend or/);
    expect((error as Error).message).not.toContain('secret');
    expect((error as Error).cause).toBeUndefined();
  }
});

test.each([
  ['gold', '"answer":true', '"answer" must be text or a number, not true'],
  ['gold', '"answer":["2"]', '"answer" must be text or a number, not ["2"]'],
  ['other-wording', '"rephrasings":[1]', '"rephrasings" must be a list of texts'],
  ['other-wording', '"rephrasings":[" "]', '"rephrasings" must be a list of texts'],
] as const)('who needs it refuses %s of the wrong type: %s', async (kind, cell, expected) => {
  const path = await fileOf(`{"prompt":"1",${cell}}`);
  await expect(trainingReaders[kind](path)).rejects.toThrow(`${path}:1 ${expected}`);
});

test('answers in a form of their own neither stop a label-free run nor are told', async () => {
  const rows = ['{"prompt":"1+1=","answer":["2"]}', '{"prompt":"2+2=","answer":{"value":4}}'];
  const file = await readTrainingPrompts(await fileOf(rows.join('\n')));
  expect(file).toEqual({
    prompts: [
      { id: '1', prompt: '1+1=' },
      { id: '2', prompt: '2+2=' },
    ],
    numLeftOut: 0,
    emptyAnswerLines: [],
  });
});

test('a file that is no UTF-8, empty or absent is refused', async () => {
  const bytes = await fileOf(Uint8Array.of(0x7b, 0xff, 0x0a));
  await expect(readTrainingPrompts(bytes)).rejects.toThrow(`${bytes}:1 is no UTF-8 text`);
  await expect(readTrainingPrompts(await fileOf('\n\n'))).rejects.toThrow('holds no prompts');
  await expect(readTrainingPrompts('absent.jsonl')).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('absent.jsonl'),
  });
});
