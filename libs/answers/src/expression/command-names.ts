const names = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Functions that are taken whole, with their argument in canonical form. */
export const functionNames = names(
  'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp det gcd lcm max min',
);

const constantNames = names(
  'pi infty alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi ' +
    'rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ' +
    'ell hbar dots ldots cdots emptyset',
);

/** Greek letters and the like: a variable or a constant, taken whole. */
export function isConstantName(name: string): boolean {
  return constantNames.has(name);
}
