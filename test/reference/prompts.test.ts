import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readEvaluationPrompts, readTrainingPrompts } from '@mgrpo/datasets';
import { describe, expect, test } from 'vitest';

const data = join(import.meta.dirname, '../../../shared/data');

describe.skipIf(!existsSync(data))('real prompts files (skipped without ../shared/data)', () => {
  test('MATH: all 7,500 questions train, two have an empty answer', async () => {
    const path = join(data, 'math_train.jsonl');
    const training = await readTrainingPrompts(path);
    expect(training.prompts).toHaveLength(7500);
    expect(training.emptyAnswerLines).toEqual([5342, 5344]);
    expect(training.prompts[5341]!.id).toBe('math/train/5341');
    expect((await readEvaluationPrompts(path)).prompts).toHaveLength(7498);
  });

  test.each(['math_test', 'gsm8k_test', 'aime24', 'amc23', 'svamp', 'mmlu_stem'])(
    '%s has an answer to every question',
    async (name) => {
      const file = await readEvaluationPrompts(join(data, `${name}.jsonl`));
      expect(file.prompts.length).toBeGreaterThan(0);
      expect(file.emptyAnswerLines).toEqual([]);
    },
  );
});
