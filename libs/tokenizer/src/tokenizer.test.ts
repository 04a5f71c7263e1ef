import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { charTokenizer, writeCharTokenizer } from './char-tokenizer.ts';
import { loadTokenizer } from './tokenizer.ts';

const characters = '0123456789+-*=>,';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-tokenizer-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function charTokenizerFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeCharTokenizer(folder, characters);
  return folder;
}

test('a character tokenizer gives each character a token, after pad, end and unknown', async () => {
  const folder = await temporaryFolder();
  expect(await writeCharTokenizer(folder, characters)).toEqual({
    vocabSize: 19,
    padTokenId: 0,
    endTokenId: 1,
  });
  const tokenizer = await loadTokenizer(folder);
  expect([...tokenizer.encode('6+1=')]).toEqual([9, 13, 4, 16]);
  expect(tokenizer.decode([9, 13, 4, 16, 1], { skipSpecial: true })).toBe('6+1=');
  expect(tokenizer.decode([9, 13, 4, 16, 1], { skipSpecial: false })).toBe('6+1=<eos>');
  expect([tokenizer.vocabSize, tokenizer.eosTokenId]).toEqual([19, 1]);
  expect([...tokenizer.encode('6?<eos>')]).toEqual([9, 2, 1]);
});

test('any text of the characters comes back', async () => {
  const tokenizer = await loadTokenizer(await charTokenizerFolder());
  const texts = fc.string({ unit: fc.constantFrom(...characters), maxLength: 400 });
  fc.assert(
    fc.property(texts, (text) => {
      const ids = tokenizer.encode(text);
      expect(ids).toHaveLength(text.length);
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(text);
    }),
  );
});

test('ids of no token are left out', async () => {
  const tokenizer = await loadTokenizer(await charTokenizerFolder());
  expect(tokenizer.decode([9, 19, 500, 4], { skipSpecial: true })).toBe('61');
  expect(tokenizer.decode([500], { skipSpecial: true })).toBe('');
  expect(tokenizer.decode([], { skipSpecial: true })).toBe('');
});

test('a character that is there twice is refused', () => {
  expect(() => charTokenizer('0120')).toThrow('a character is there twice in "0120"');
});

test('a missing or broken file is named, with the remedy', async () => {
  const folder = await temporaryFolder();
  await expect(loadTokenizer(folder)).rejects.toMatchObject({
    code: 'INVALID_MODEL',
    message: expect.stringMatching(/tokenizer.json does not exist; copy the tokenizer there/),
  });
  await writeFile(join(folder, 'tokenizer.json'), '{}');
  await expect(loadTokenizer(folder)).rejects.toThrow('tokenizer_config.json does not exist');
  await writeFile(join(folder, 'tokenizer_config.json'), '{"eos_token":{"content":"<eos>"}}');
  await expect(loadTokenizer(folder)).rejects.toThrow("tokenizer.json can't be used");
  await writeFile(join(folder, 'tokenizer.json'), '[');
  await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: 'INVALID_MODEL' });
});

test('an end token that is no token is refused', async () => {
  const folder = await charTokenizerFolder();
  await writeFile(join(folder, 'tokenizer_config.json'), '{"eos_token":"</s>"}');
  await expect(loadTokenizer(folder)).rejects.toThrow('the tokenizer has no token "</s>"');
});
