import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalAnswer, readAnswer } from './canonical-answer.ts';

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

// Expressions as trees, written in two ways.
type Tree =
  | { kind: 'leaf'; text: string }
  | { kind: 'sum' | 'product'; terms: readonly Tree[] }
  | { kind: 'quotient'; above: Tree; below: Tree }
  | { kind: 'power'; base: Tree; exponent: number };

const leaves = [
  '1',
  '2',
  '7',
  '\\frac{1}{3}',
  'x',
  'y',
  'n',
  '\\pi',
  '\\sqrt{2}',
  '\\sqrt{12}',
  'a_1',
];
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(...leaves).map((text): Tree => ({ kind: 'leaf', text })),
    fc.record({
      kind: fc.constantFrom('sum' as const, 'product' as const),
      terms: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('quotient' as const), above: tie('tree'), below: tie('tree') }),
    fc.record({
      kind: fc.constant('power' as const),
      base: tie('tree'),
      exponent: fc.integer({ min: 2, max: 3 }),
    }),
  ),
}));

function write(node: Tree, isTurned: boolean): string {
  if (node.kind === 'leaf') return node.text;
  if (node.kind === 'power') return `(${write(node.base, isTurned)})^{${node.exponent}}`;
  if (node.kind === 'quotient') {
    return `\\frac{${write(node.above, isTurned)}}{${write(node.below, isTurned)}}`;
  }
  const terms = node.terms.map((each) => `(${write(each, isTurned)})`);
  if (isTurned) terms.reverse();
  return terms.join(node.kind === 'sum' ? '+' : isTurned ? '\\cdot ' : '');
}

test('an expression has one form, in whatever order its terms and factors stand', () => {
  let numRefused = 0;
  fc.assert(
    fc.property(tree, (node) => {
      // A variable in front: sums and products of plain numbers are not worked out.
      const [plain, turned] = [`z+${write(node, false)}`, `${write(node, true)} + z`];
      if (readAnswer(plain).refusal ?? readAnswer(turned).refusal) numRefused += 1;
      else expect(canonicalAnswer(turned)).toBe(canonicalAnswer(plain));
    }),
    { numRuns: 300 },
  );
  expect(numRefused).toBeLessThan(15);
});

const isClose = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * (1 + Math.abs(a) + Math.abs(b));

function evaluate(node: Tree, values: Readonly<Record<string, number>>): number {
  if (node.kind === 'leaf') return values[node.text] ?? Number(node.text);
  if (node.kind === 'power') return evaluate(node.base, values) ** node.exponent;
  if (node.kind === 'quotient') return evaluate(node.above, values) / evaluate(node.below, values);
  const terms = node.terms.map((each) => evaluate(each, values));
  return node.kind === 'sum'
    ? terms.reduce((sum, each) => sum + each, 0)
    : terms.reduce((product, each) => product * each, 1);
}

test('expressions with one form have one value', () => {
  const values = {
    '\\frac{1}{3}': 1 / 3,
    x: 0.7,
    y: -1.3,
    n: 2.1,
    '\\pi': Math.PI,
    '\\sqrt{2}': Math.SQRT2,
    '\\sqrt{12}': Math.sqrt(12),
    a_1: 0.9,
  };
  const worth = new Map<string, number>();
  fc.assert(
    fc.property(tree, (node) => {
      const form = canonicalAnswer(`z+${write(node, false)}`);
      const value = evaluate(node, values);
      const before = worth.get(form);
      if (before !== undefined) expect(isClose(before, value), form).toBe(true);
      worth.set(form, value);
    }),
    { numRuns: 1000 },
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
