import { expect, test } from 'vitest';
import { philox4x32, type Words4 } from './philox.ts';

// philox4x32 10: counter, key, output; from Random123's tests/kat_vectors.
const vectors = [
  '00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8',
  'ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd',
  '243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1',
];

test.each(vectors)('gives the published words for %s', (line) => {
  const words = line.split(' ').map((word) => Number.parseInt(word, 16));
  const counter = words.slice(0, 4) as unknown as Words4;
  expect(philox4x32(counter, words[4]!, words[5]!)).toEqual(words.slice(6));
});
