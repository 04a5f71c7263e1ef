import { expect, test } from 'vitest';
import { fillTemplate, tokenizePrompts } from './prompt-tokens.ts';

const encode = (text: string) => Int32Array.from(text, (character) => character.charCodeAt(0));
const prompts = [
  { id: 'a', prompt: '12' },
  { id: 'b', prompt: '12345' },
];
const options = { template: '{prompt}=', maxPromptTokens: 4, encode };

test('the question stands in its template, whatever characters it has', () => {
  expect(fillTemplate('Q: {prompt}\nA:', "$& $1 {prompt} $'")).toBe("Q: $& $1 {prompt} $'\nA:");
});

test('a template without a place for the question is refused', () => {
  expect(() => fillTemplate('Q: {question}', 'x')).toThrow('must contain {prompt} once');
});

test('a prompt beyond the limit is left out or cut at its end, and counted', () => {
  expect(tokenizePrompts(prompts, { ...options, tooLong: 'reject' })).toEqual({
    prompts: [{ id: 'a', prompt: '12', tokens: encode('12=') }],
    numTruncated: 0,
    numRejected: 1,
  });
  expect(tokenizePrompts(prompts, { ...options, tooLong: 'truncate' })).toEqual({
    prompts: [
      { id: 'a', prompt: '12', tokens: encode('12=') },
      { id: 'b', prompt: '12345', tokens: encode('1234') },
    ],
    numTruncated: 1,
    numRejected: 0,
  });
});

test('when no prompt is left the error says what to change', () => {
  expect(() =>
    tokenizePrompts(prompts, { ...options, maxPromptTokens: 1, tooLong: 'reject' }),
  ).toThrow('all 2 prompts are longer than 1 tokens; raise prompts.maxPromptTokens');
});
