import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answers } from './answers.ts';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-answers-'));
let printed: string[] = [];

beforeEach(() => {
  printed = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function fileOf(...rows: readonly unknown[]): string {
  const path = join(folder, 'pairs.jsonl');
  writeFileSync(
    path,
    rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'),
  );
  return path;
}

const pair = (gold: string, pred: string, equal: boolean) => ({ gold, pred, equal });

test('precision and recall come last, each miss before them', async () => {
  const file = fileOf(
    pair('1/2', 'So the answer is $\\boxed{0.5}$.', true),
    pair('10', '10\\%', true),
    pair('1', '2', false),
    '',
    pair('10 cm', '10 ft', false),
    pair('(1', '(2', false),
  );
  expect(await answers(file)).toBe(0);
  expect(printed.map((line) => JSON.parse(line))).toEqual([
    { line: 2, kind: 'missed', gold: '10', pred: '10\\%', goldForm: '10', predForm: '10%' },
    { line: 5, kind: 'wrong', gold: '10 cm', pred: '10 ft', goldForm: '10', predForm: '10' },
    {
      pairs: 5,
      equal: 2,
      recognised: 1,
      unequal: 3,
      accepted: 1,
      precision: 0.5,
      recall: 0.5,
      refused: 2,
    },
  ]);
});

test('a file with pairs of one kind has no share of the other', async () => {
  await answers(fileOf(pair('1', '2', false)));
  expect(JSON.parse(printed[0]!)).toMatchObject({ precision: null, recall: null });
});

test.each([
  [['{"gold": "1"'], /pairs\.jsonl:1 is no JSON/],
  [['[]'], /pairs\.jsonl:1 is no JSON object/],
  [
    [pair('1', '1', true), { gold: '1', equal: true }],
    /pairs\.jsonl:2 "pred" must be text, but it is missing/,
  ],
  [[{ gold: 1, pred: '1', equal: true }], /pairs\.jsonl:1 "gold" must be text, not 1/],
  [
    [{ gold: '1', pred: '1', equal: 'yes' }],
    /:1 "equal" must be true or false, not "yes"; each line is/,
  ],
  [[''], /pairs\.jsonl holds no pairs/],
])('a file like %j is refused', async (rows, message) => {
  await expect(answers(fileOf(...rows))).rejects.toThrow(message);
});

test('a file that is not there is named', async () => {
  await expect(answers('no-such.jsonl')).rejects.toThrow(/no-such\.jsonl/);
});
