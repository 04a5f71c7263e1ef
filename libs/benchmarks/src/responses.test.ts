import { describe, expect, test } from 'vitest';
import { choiceLetter } from './choice-letter.ts';
import { pythonBlock } from './python-block.ts';

describe('the letter of a choice', () => {
  test.each([
    ['\\boxed{C}', 'C'],
    ['\\boxed{(C)}', 'C'],
    ['\\boxed{\\text{C}}', 'C'],
    ['\\boxed{\\text{(C)}}', 'C'],
    ['\\boxed{\\textbf{C. } 12 }', 'C'],
    ['\\boxed{C: the third law}', 'C'],
    ['\\boxed{$C$}', 'C'],
    ['first \\boxed{A}, no, \\boxed{B}', 'B'],
    ['The answer is (C).', 'C'],
    ['Answer: **B**', 'B'],
    ['The answer is A. No: the answer is D', 'D'],
  ])('%s', (response, letter) => {
    expect(choiceLetter(response, 4)).toBe(letter);
  });

  test.each([
    ['\\boxed{E}'], // a fifth choice of four
    ['\\boxed{42}'],
    ['\\boxed{Carbon}'],
    ['\\boxed{CD}'],
    ['\\boxed{A and B}'],
    ['the answer is a number'],
    ['answer is Dogs'],
    ['the answer is (A) but boxed \\boxed{7}'], // the box counts
    [''],
  ])('none: %s', (response) => {
    expect(choiceLetter(response, 4)).toBeNull();
  });
});

describe('the Python of a response', () => {
  test.each([
    ['the last of several', 'a\n```python\nx = 1\n```\nb\n```py\nx = 2\n```', 'x = 2'],
    ['a block without a name', '```\nx = 1\n\ny = 2\n```', 'x = 1\n\ny = 2'],
    ['Windows line ends', '```python\r\nx = 1\r\n```\r\n', 'x = 1\r'],
    ['no block of another language', '```python\nx = 1\n```\n```text\n5\n```', 'x = 1'],
    ['between markers', 'You:\n[BEGIN]\nx = 1\n[DONE]\n[BEGIN]', 'x = 1'],
    ['not one that is cut', '```python\nx = 1', null],
    ['no prose', 'I would write x = 1', null],
  ])('%s', (_, response, code) => {
    expect(pythonBlock(response)).toBe(code);
  });
});
