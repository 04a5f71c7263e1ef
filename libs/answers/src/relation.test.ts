import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalAnswer } from './canonical-answer.ts';

// Pieces that LaTeX answers are made of, and some that break them.
const pieces = [
  '1 10 0.50 .5 12,345 000 , ; \\frac \\frac12 \\frac{2}{4} { } ( ) [ ] \\{ \\} x xy ab AB - + / ^ ^2 _ _1',
  '= < \\le \\ge \\neq \\in \\cup \\pm \\pi e i \\text{ \\sqrt{ \\sqrt[3]{ \\sqrt2 % \\% ^\\circ $ . \\ \\\\ \\! {,} e5',
  '\\times10^ \\cdot ! | : x= f(x)= \\sin \\log_2 \\ln percent cm \\text{cm} students and or \\left( \\right)',
  '\\begin{pmatrix} \\end{pmatrix} & \\infty \\emptyset A. (B) π < \\0 {x} {2} ² ½ √ ∞ \\binom{5}{2} \\overline{3}',
  '\\lfloor \\rfloor ^{-1} ^{n} ^{1/2} (x+1) (x+1)^{20} 2^{300}',
].flatMap((line) => line.split(' '));
const piece = fc.constantFrom(...pieces, ' ', '\0', '\n', '\u200f', '\ud800', '...');
const answers = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''));

test('the canonical form of a canonical form is itself', () => {
  fc.assert(
    fc.property(answers, (text) => {
      const canonical = canonicalAnswer(text);
      expect(canonicalAnswer(canonical)).toBe(canonical);
    }),
    { numRuns: 3000 },
  );
});

test('any fraction has one form, however it is written', () => {
  const integer = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
  const positive = fc.bigInt({ min: 1n, max: 10n ** 20n });
  fc.assert(
    fc.property(integer, positive, positive, (numerator, denominator, factor) => {
      const plain = canonicalAnswer(`${numerator}/${denominator}`);
      const scaled = `{${numerator * factor}}{${denominator * factor}}`;
      expect(canonicalAnswer(`\\frac${scaled}`)).toBe(plain);
      expect(canonicalAnswer(`$\\dfrac${scaled}$.`)).toBe(plain);
      expect(canonicalAnswer(`\\frac{${-numerator}}{${-denominator}}`)).toBe(plain);
    }),
  );
});

test('decimals are exact', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(6), fc.nat(5), (digits, places, zeros) => {
      const text = String(digits).padStart(places + 1, '0');
      const at = text.length - places;
      const decimal = `${text.slice(0, at)}.${text.slice(at)}${'0'.repeat(zeros + (places === 0 ? 1 : 0))}`;
      expect(canonicalAnswer(decimal)).toBe(canonicalAnswer(`${digits}/${10 ** places}`));
    }),
  );
});

test('a set has one form in any order, a tuple one for each', () => {
  const elements = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), {
    minLength: 2,
    maxLength: 6,
  });
  fc.assert(
    fc.property(elements, (numbers) => {
      const sorted = [...numbers].sort((a, b) => a - b).join(',');
      expect(canonicalAnswer(`\\{${numbers.join(', ')}\\}`)).toBe(canonicalAnswer(sorted));
      const isSorted = sorted === numbers.join(',');
      expect(canonicalAnswer(`(${numbers})`) === canonicalAnswer(`(${sorted})`)).toBe(isSorted);
    }),
  );
});
