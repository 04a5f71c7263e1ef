import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { describe, expect, test } from 'vitest';

// Real models and prompts lie beside the checkout, in ../shared, and are not part of the project.
const shared = join(import.meta.dirname, '../../../shared');
const stories = join(shared, 'models/stories260K');
const qwen3 = join(shared, 'models/qwen3-tokenizer');
const mathPrompts = join(shared, 'data/math_train.jsonl');

interface ReferenceCase {
  text: string;
  ids: number[];
}

describe.skipIf(!existsSync(stories))(
  'stories260K (skipped without ../shared/models/stories260K)',
  () => {
    test('texts give the ids that the reference logits were computed for', async () => {
      const tokenizer = await loadTokenizer(stories);
      const path = join(stories, 'reference_logits.json');
      const { cases } = JSON.parse(await readFile(path, 'utf8')) as { cases: ReferenceCase[] };
      expect(cases.length).toBeGreaterThan(0);
      for (const { text, ids } of cases) {
        expect([...tokenizer.encode(text)]).toEqual(ids);
        expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(text);
      }
      expect([tokenizer.vocabSize, tokenizer.eosTokenId]).toEqual([512, 2]);
    });

    test('text of any script comes back, by its bytes', async () => {
      const tokenizer = await loadTokenizer(stories);
      for (const text of ['naïve 漢字 🙂', 'a  b\n\tc', '\\frac{1}{2} = 0.5']) {
        expect(tokenizer.decode(tokenizer.encode(text), { skipSpecial: true })).toBe(text);
      }
    });
  },
);

describe.skipIf(!existsSync(qwen3))(
  'Qwen3 (skipped without ../shared/models/qwen3-tokenizer)',
  () => {
    test('known ids, special tokens and the end of a text', async () => {
      const tokenizer = await loadTokenizer(qwen3);
      expect([...tokenizer.encode('Hello, world!')]).toEqual([9707, 11, 1879, 0]);
      expect(tokenizer.tokenId('<|endoftext|>')).toBe(151_643);
      expect(tokenizer.eosTokenId).toBe(tokenizer.tokenId('<|im_end|>'));
      expect(tokenizer.vocabSize).toBe(151_669);
      const ids = tokenizer.encode('<|im_start|>user\nhi<|im_end|>');
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe('user\nhi');
    });

    test.skipIf(!existsSync(mathPrompts))('500 MATH prompts come back', async () => {
      const tokenizer = await loadTokenizer(qwen3);
      const lines = (await readFile(mathPrompts, 'utf8')).split('\n').slice(0, 500);
      for (const line of lines) {
        const { prompt } = JSON.parse(line) as { prompt: string };
        const text = prompt.normalize('NFC');
        expect(tokenizer.decode(tokenizer.encode(text), { skipSpecial: false })).toBe(text);
      }
    });
  },
);
