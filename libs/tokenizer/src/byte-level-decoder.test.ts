import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { loadTokenizer } from './tokenizer.ts';

const letterOf = (byte: number): string => {
  const isVisible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  if (isVisible) return String.fromCharCode(byte);
  // The others in order: 0 to 32, 127 to 160, 173.
  if (byte <= 32) return String.fromCharCode(0x100 + byte);
  return String.fromCharCode(byte === 173 ? 0x143 : 0x100 + 33 + byte - 127);
};

// 256 bytes, some merged tokens (a letter of no byte in one), a hole at 262, then added tokens.
const words = ['Ġthe', '\\boxed', 'ÃŃ', 'ð', '日x', 'ï»¿'];
const vocab = Object.fromEntries(
  [...Array.from({ length: 256 }, (_, byte) => letterOf(byte)), ...words].map((t, id) => [t, id]),
);
const tokenizerJson = {
  added_tokens: [
    { id: 263, content: '<|end|>', special: true },
    { id: 264, content: '<think>', special: false },
    { id: 265, content: 'é', special: false },
    { id: 266, content: '<|im|>', special: false },
  ].map((token) => ({
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    ...token,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab, merges: [] },
};
const configJson = { eos_token: '<|end|>', additional_special_tokens: ['<|im|>', 'Ġthe'] };

async function load(json: object) {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-byte-level-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(configJson));
  return await loadTokenizer(folder);
}

/** What @huggingface/tokenizers makes of the ids that are tokens. */
function expected(
  tokenizer: HuggingFaceTokenizer,
  ids: readonly number[],
  skipSpecial: boolean,
): string {
  const known = ids.filter((id) => tokenizer.id_to_token(id) !== undefined);
  if (known.length === 0) return '';
  return tokenizer.decode(known, {
    skip_special_tokens: skipSpecial,
    clean_up_tokenization_spaces: false,
  });
}

test('any ids give the text that @huggingface/tokenizers gives, broken UTF-8 included', async () => {
  const tokenizer = await load(tokenizerJson);
  const reference = new HuggingFaceTokenizer(tokenizerJson, configJson);
  const id = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }) },
    { weight: 1, arbitrary: fc.integer({ min: 254, max: 270 }) },
  );
  const utf8 = fc.string({ unit: 'binary' }).map((text) => [...Buffer.from(text)]);
  const ids = fc
    .array(
      fc.oneof(
        id.map((one) => [one]),
        utf8,
      ),
    )
    .map((parts) => parts.flat());
  fc.assert(
    fc.property(ids, fc.boolean(), (sampled, skipSpecial) => {
      const text = tokenizer.decode(Int32Array.from(sampled), { skipSpecial });
      expect(text).toBe(expected(reference, sampled, skipSpecial));
    }),
    { numRuns: 200 },
  );
});

test('bytes on both sides of a token that is left out join, those beside an added one do not', async () => {
  const tokenizer = await load(tokenizerJson);
  const [first, second] = Buffer.from('é');
  const around = (id: number) => tokenizer.decode([first!, id, second!], { skipSpecial: true });
  expect([263, 262, 264].map(around)).toEqual(['é', 'é', '\uFFFD<think>\uFFFD']);
  expect(tokenizer.decode([-1, 262, 1e9], { skipSpecial: true })).toBe('');
});

test('a tokenizer that marks ends of words is decoded as before', async () => {
  const json = { ...tokenizerJson, model: { ...tokenizerJson.model, end_of_word_suffix: 'x' } };
  const tokenizer = await load(json);
  const ids = [...Buffer.from('axbx')];
  const text = tokenizer.decode(ids, { skipSpecial: true });
  expect(text).toBe(expected(new HuggingFaceTokenizer(json, configJson), ids, true));
  expect(text).not.toContain('x');
});
