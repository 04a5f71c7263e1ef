import { expect, test } from 'vitest';
import { tokenizePrompts } from './prompt-tokens.ts';

const tokensOf = (text: string) => Int32Array.from(text, (character) => character.charCodeAt(0));
const encode = async (questions: readonly { prompt: string }[]) =>
  questions.map(({ prompt }) => tokensOf(`${prompt}=`));
const prompts = [
  { id: 'a', prompt: '12' },
  { id: 'b', prompt: '12345' },
];
const options = { maxPromptTokens: 4, encode };

test('a prompt beyond the limit is left out or cut at its end, and counted', async () => {
  expect(await tokenizePrompts(prompts, { ...options, tooLong: 'reject' })).toEqual({
    prompts: [{ id: 'a', prompt: '12', tokens: tokensOf('12=') }],
    numTruncated: 0,
    numRejected: 1,
  });
  expect(await tokenizePrompts(prompts, { ...options, tooLong: 'truncate' })).toEqual({
    prompts: [
      { id: 'a', prompt: '12', tokens: tokensOf('12=') },
      { id: 'b', prompt: '12345', tokens: tokensOf('1234') },
    ],
    numTruncated: 1,
    numRejected: 0,
  });
});

test('when no prompt is left the error says what to change', async () => {
  await expect(
    tokenizePrompts(prompts, { ...options, maxPromptTokens: 1, tooLong: 'reject' }),
  ).rejects.toThrow('all 2 prompts are longer than 1 tokens; raise prompts.maxPromptTokens');
});
