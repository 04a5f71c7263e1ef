import { formatRational, isOne, negate, type Rational } from './rational.ts';
import type { Base, Factor, Sum, Term } from './sum.ts';
import { scale } from './sum.ts';

/** Joins pieces so that none runs into the next: `2 3` is not `23`, `\pi r` not `\pir`, `< =` not `<=`. */
export function joinPieces(pieces: readonly string[]): string {
  let joined = '';
  for (const piece of pieces) {
    const needsSpace =
      (/[\d.]$/.test(joined) && /^[\d.eE]/.test(piece)) ||
      (/\p{L}$/u.test(joined) && /^\p{L}/u.test(piece)) ||
      (/[<>!]$/.test(joined) && piece.startsWith('='));
    joined += needsSpace ? ` ${piece}` : piece;
  }
  return joined;
}

/** Total degree, for the order of terms. Exponents are small or their order does not matter. */
function degreeOf({ factors }: Term): number {
  return factors.reduce(
    (degree, { base, exponent }) =>
      base.kind === 'integer'
        ? degree
        : degree + Number(exponent.numerator) / Number(exponent.denominator),
    0,
  );
}

/** Terms by falling degree, then by key: the order in which they print. */
export function orderedTerms(sum: Sum): Term[] {
  const ranked = [...sum.values()].map((term) => ({ term, degree: degreeOf(term) }));
  ranked.sort((a, b) => b.degree - a.degree || (a.term.key < b.term.key ? -1 : 1));
  return ranked.map(({ term }) => term);
}

function printBase(base: Base): string {
  if (base.kind === 'integer') return `${base.value}`;
  return base.kind === 'sum' ? `(${printSum(base.sum)})` : base.key;
}

/** `x`, `x^2`, `x^{10}`, `\sqrt{x}`, `\sqrt[3]{x}`, `x^{2/3}`, for a positive exponent. */
function printFactor({ base, exponent }: Factor): string {
  if (base.kind === 'power') return `${base.text}^{${printSum(scale(base.exponent, exponent))}}`;
  if (isOne(exponent)) return printBase(base);
  if (exponent.numerator === 1n) {
    const inside = base.kind === 'sum' ? printSum(base.sum) : printBase(base);
    return exponent.denominator === 2n
      ? `\\sqrt{${inside}}`
      : `\\sqrt[${exponent.denominator}]{${inside}}`;
  }
  const text = formatRational(exponent);
  return `${printBase(base)}^${text.length === 1 ? text : `{${text}}`}`;
}

/** The largest base that trial division has fully factored. */
const largestSurePrime = 1_000_000n;

/** Roots of primes with one index print as one root: `\sqrt{6}`; whole powers that are too long stay. */
function printIntegers(factors: readonly Factor[]): string[] {
  const underRoot = new Map<bigint, bigint>();
  const pieces: string[] = [];
  for (const factor of factors) {
    const { base, exponent } = factor;
    if (base.kind !== 'integer') continue;
    const isRoot = exponent.numerator > 0n && exponent.numerator < exponent.denominator;
    if (!isRoot || base.value >= largestSurePrime) {
      pieces.push(printFactor(factor));
      continue;
    }
    const before = underRoot.get(exponent.denominator) ?? 1n;
    underRoot.set(exponent.denominator, before * base.value ** exponent.numerator);
  }
  const roots = [...underRoot].sort(([a], [b]) => Number(a - b));
  return [
    ...roots.map(([index, n]) => (index === 2n ? `\\sqrt{${n}}` : `\\sqrt[${index}]{${n}}`)),
    ...pieces,
  ];
}

/** A product; a digit that follows a factor is kept off it by `\cdot`. */
function printProduct(whole: bigint, factors: readonly Factor[]): string {
  const others = factors.filter(({ base }) => base.kind !== 'integer').map(printFactor);
  const pieces = [...printIntegers(factors), ...others];
  if (whole !== 1n || pieces.length === 0) pieces.unshift(`${whole}`);
  return joinPieces(
    pieces.map((piece, i) => (i > 0 && /^\d/.test(piece) ? `\\cdot${piece}` : piece)),
  );
}

function printTerm({ factors }: Term, coefficient: Rational): string {
  const above = factors.filter(({ exponent }) => exponent.numerator > 0n);
  const below = factors
    .filter(({ exponent }) => exponent.numerator < 0n)
    .map(({ base, exponent }) => ({ base, exponent: negate(exponent) }));
  const numerator = printProduct(coefficient.numerator, above);
  if (below.length === 0 && coefficient.denominator === 1n) return numerator;
  return `\\frac{${numerator}}{${printProduct(coefficient.denominator, below)}}`;
}

/** The canonical text of a sum: `x^2-\frac{x}{2}+1`; a number alone is `-3/4`. */
export function printSum(sum: Sum): string {
  if (sum.size === 0) return '0';
  const terms = orderedTerms(sum);
  const [only] = terms;
  if (terms.length === 1 && only!.factors.length === 0) return formatRational(only!.coefficient);
  const pieces = terms.map((term, i) => {
    const isNegative = term.coefficient.numerator < 0n;
    const text = printTerm(term, isNegative ? negate(term.coefficient) : term.coefficient);
    if (isNegative) return `-${text}`;
    return i === 0 ? text : `+${text}`;
  });
  return pieces.join('');
}
