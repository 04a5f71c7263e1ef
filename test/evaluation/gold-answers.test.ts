import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { mgrpo } from '../command-line.ts';

const data = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const isThere = existsSync(data);
if (!isThere)
  console.log('gold answers: ../shared/data is not there, so the tests on it are skipped');

const boxed = 'math500,math-test,gsm8k,svamp,amc23,aime24,aime25,minerva,olympiadbench';

/** `math500: 500 of 500 gold answers are judged right`, one line a benchmark. */
async function check(...flags: string[]): Promise<string[]> {
  const { stdout, stderr } = await mgrpo('eval', '--check', '--data', data, ...flags);
  expect(stderr.replace(/mgrpo: .* the whole of .*\n/g, '')).toBe('');
  return stdout.trim().split('\n');
}

describe.skipIf(!isThere)('gold answers in the form that is asked for are right', () => {
  test('of the mathematics benchmarks', async () => {
    const lines = await check('--benchmarks', boxed);
    expect(lines).toHaveLength(9);
    for (const line of lines)
      expect(line).toMatch(/: (\d+) of \1 gold answers are judged right \(/);
  });

  test.each([
    ['mmlu-stem', 'mmlu_stem.jsonl', 3018],
    ['mmlu-pro', 'mmlu_pro_health818.jsonl', 818],
    ['mmlu-pro', 'mmlu_pro_sample280.jsonl', 280],
  ])('of the choices of %s in %s', async (name, file, count) => {
    const [line] = await check('--benchmarks', name, '--file', `${name}=${join(data, file)}`);
    expect(line).toContain(`${name}: ${count} of ${count} gold answers are judged right (`);
  });
});
