import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalAnswer, readAnswer } from './canonical-answer.ts';

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

const values: Readonly<Record<string, number>> = {
  '\\frac{1}{3}': 1 / 3,
  '\\sqrt{2}': Math.SQRT2,
  '\\sqrt{12}': Math.sqrt(12),
  '\\pi': Math.PI,
  x: 0.7,
  y: -1.3,
  n: 2.1,
  z: 0.3,
  a_1: 0.9,
};

/** Works out canonical text with floating-point numbers: an own reader, that shares nothing with ours. */
function worthOf(text: string): number {
  const tokens = text.match(/\\frac|\\sqrt|\\cdot|\\pi|a_1|[a-z]|\d+|\S/g) ?? [];
  let i = 0;
  const group = (close: string): number => {
    i += 1;
    const value = sum();
    expect(tokens[i++]).toBe(close);
    return value;
  };
  const primary = (): number => {
    const token = tokens[i]!;
    if (token === '(') return group(')');
    if (token === '{') return group('}');
    i += 1;
    if (token === '\\frac') {
      const above = group('}');
      return above / group('}');
    }
    if (token === '\\sqrt') return Math.sqrt(group('}'));
    return values[token] ?? Number(token);
  };
  const factor = (): number => {
    const base = primary();
    if (tokens[i] !== '^') return base;
    i += 1;
    return base ** primary();
  };
  const product = (): number => {
    let value = factor();
    while (i < tokens.length && !/^[-+)}]$/.test(tokens[i]!)) {
      if (tokens[i] === '\\cdot') i += 1;
      value *= factor();
    }
    return value;
  };
  function sum(): number {
    let value = 0;
    do {
      const sign = tokens[i] === '-' ? -1 : 1;
      if (/^[-+]$/.test(tokens[i]!)) i += 1;
      value += sign * product();
    } while (tokens[i] === '+' || tokens[i] === '-');
    return value;
  }
  return sum();
}

test('the form of an expression is worth what the expression is', () => {
  let numRead = 0;
  fc.assert(
    fc.property(tree, (node) => {
      const { canonical, refusal } = readAnswer(`z+${write(node, false)}`);
      const value = evaluate(node, values) + values.z!;
      // Close to a pole, floating-point numbers say nothing.
      if (refusal !== null || !(Math.abs(value) < 1e6)) return;
      numRead += 1;
      expect(isClose(worthOf(canonical), value), canonical).toBe(true);
    }),
    { numRuns: 1000 },
  );
  expect(numRead).toBeGreaterThan(800);
});
