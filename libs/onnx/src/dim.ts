import { MgrpoError } from '@mgrpo/errors';

/**
 * A tensor's extent along one axis: a number, or a polynomial in named symbols such as `B`, `B*T` or `S+1`.
 *
 * Symbolic dims are always in canonical form (see `canonicalDim`), so two dims are provably equal exactly
 * when they are `===`.
 */
export type Dim = number | string;

export type Shape = readonly Dim[];

/** Monomial (`''` for the constant, else sorted symbols joined by `*`) to its integer coefficient. */
type Polynomial = ReadonlyMap<string, number>;

function polynomialOf(dim: Dim): Polynomial {
  const terms = new Map<string, number>();
  for (const term of String(dim).replaceAll(' ', '').split('+')) {
    let coefficient = 1;
    const symbols: string[] = [];
    for (const factor of term.split('*')) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor);
      else if (/^[A-Za-z_]\w*$/.test(factor)) symbols.push(factor);
      else throw new MgrpoError('INTERNAL', `"${dim}" is not a dimension: write 12, T, B*T or S+1`);
    }
    const monomial = symbols.sort().join('*');
    terms.set(monomial, (terms.get(monomial) ?? 0) + coefficient);
  }
  return terms;
}

function dimOf(polynomial: Polynomial): Dim {
  const terms = [...polynomial].filter(([, coefficient]) => coefficient !== 0);
  if (terms.every(([monomial]) => monomial === '')) return terms[0]?.[1] ?? 0;
  return terms
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
    .map(([monomial, coefficient]) => {
      if (monomial === '') return String(coefficient);
      return coefficient === 1 ? monomial : `${coefficient}*${monomial}`;
    })
    .join('+');
}

/** The one spelling of a dimension. @example canonicalDim('T*B') // -> 'B*T' */
export function canonicalDim(dim: Dim): Dim {
  return typeof dim === 'number' ? dim : dimOf(polynomialOf(dim));
}

/** The sum of dimensions. @example addDims('S', 1) // -> 'S+1' */
export function addDims(...dims: Dim[]): Dim {
  const sum = new Map<string, number>();
  for (const dim of dims) {
    for (const [monomial, coefficient] of polynomialOf(dim)) {
      sum.set(monomial, (sum.get(monomial) ?? 0) + coefficient);
    }
  }
  return dimOf(sum);
}

/** The product of dimensions. @example multiplyDims('B', 'T', 2) // -> '2*B*T' */
export function multiplyDims(...dims: Dim[]): Dim {
  let product: Polynomial = new Map([['', 1]]);
  for (const dim of dims) {
    const next = new Map<string, number>();
    for (const [a, x] of product) {
      for (const [b, y] of polynomialOf(dim)) {
        const monomial = [...a.split('*'), ...b.split('*')].filter(Boolean).sort().join('*');
        next.set(monomial, (next.get(monomial) ?? 0) + x * y);
      }
    }
    product = next;
  }
  return dimOf(product);
}

/** The terms of a dimension as (coefficient, symbols), for computing it at run time. */
export function dimTerms(dim: Dim): { coefficient: number; symbols: string[] }[] {
  return [...polynomialOf(dim)].map(([monomial, coefficient]) => ({
    coefficient,
    symbols: monomial === '' ? [] : monomial.split('*'),
  }));
}

/** Whether two shapes are provably equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
