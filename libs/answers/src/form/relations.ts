import { printSum } from '../algebra/print-sum.ts';
import { subtract } from '../algebra/sum.ts';
import { type LatexNode, type Part, symbolOf } from '../latex/latex-tree.ts';
import { normalEquation, solveForY, solveLinear, variablesOf } from './equations.ts';
import { isName } from './names.ts';
import { type Forms, textValue, type Value } from './value.ts';

const relations = new Set(['=', '<', '>', '\\leq', '\\geq', '\\neq', '\\approx', '\\in']);
const mirrored: Readonly<Record<string, string>> = {
  '>': '<',
  '<': '>',
  '\\geq': '\\leq',
  '\\leq': '\\geq',
};

interface Relation {
  readonly sides: readonly Part[];
  /** What stands between the sides: one fewer. */
  readonly operators: readonly string[];
}

/** Whether a node is more than a number or a mark. */
function isSymbol(node: LatexNode): boolean {
  if (node.kind === 'mark') return node.text === '|';
  return node.kind !== 'number' && symbolOf(node) !== '\\cdot';
}

function relationOf(part: Part): Relation | null {
  const sides: Part[] = [];
  const operators: string[] = [];
  let start = 0;
  part.forEach((node, i) => {
    const symbol = symbolOf(node);
    if (!relations.has(symbol)) return;
    sides.push(part.slice(start, i));
    operators.push(symbol);
    start = i + 1;
  });
  return operators.length === 0 ? null : { sides: [...sides, part.slice(start)], operators };
}

/** The value of a part with a relation in it, or null where there is none, or one between numbers (`1+2=3`). */
export function relationValue(part: Part, forms: Forms): Value | null {
  const relation = relationOf(part);
  if (relation === null || !part.some(isSymbol)) return null;
  const { sides, operators } = relation;
  const last = sides.at(-1)!;
  const isApproximate = operators.length === 1 && operators[0] === '\\approx';
  if (sides[0]!.length === 0 && isApproximate) return forms.valueOf(last);
  if (sides.some((side) => side.length === 0)) return null;
  if (operators.every((operator) => operator === '=' || operator === '\\approx')) {
    return equationValue(relation, forms);
  }
  if (operators[0] === '\\in' && operators.length === 1 && isName(sides[0]!)) {
    return { ...forms.valueOf(last), name: forms.textOf(sides[0]!) };
  }
  return inequalityValue(relation, forms) ?? textValue(asWritten(relation, forms));
}

/** The sides in canonical form; a chain that falls is turned round. */
function asWritten({ sides, operators }: Relation, forms: Forms): string {
  const texts = sides.map((side) => forms.textOf(side));
  const isFalling = operators.every((operator) => operator === '>' || operator === '\\geq');
  const [ordered, signs] = isFalling
    ? [texts.reverse(), [...operators].reverse().map((operator) => mirrored[operator]!)]
    : [texts, operators];
  const [first = '', ...rest] = ordered;
  return rest.reduce((text, side, i) => {
    const needsSpace = /^\\[a-z]+$/.test(signs[i]!) && /^\p{L}/u.test(side);
    return `${text}${signs[i]}${needsSpace ? ' ' : ''}${side}`;
  }, first);
}

/**
 * What an equation says. `x = 5`, `5 = x`, `f(2) = 5` and `z = 2 + 3 = 5` say 5; a curve in x and y that can be
 * solved for y says `f(x)`, as `y = f(x)` does; others are brought to the form `P = 0`.
 *
 * Deliberate: the name is dropped, so `x = 5` and `y = 5` are one answer.
 */
function equationValue(relation: Relation, forms: Forms): Value {
  const { sides } = relation;
  const [left, right] = [sides[0]!, sides.at(-1)!];
  const isPair = sides.length === 2;
  const difference = isPair ? differenceOf(left, right, forms) : null;
  const curve = difference && solveForY(difference, forms.budget);
  if (curve) return { ...textValue(printSum(curve)), name: 'y' };
  if (isName(left)) return { ...forms.valueOf(right), name: nameText(left, forms) };
  const leftValue = isPair && isName(right) ? forms.valueOf(left) : null;
  if (leftValue?.number) return { ...leftValue, name: nameText(right, forms) };
  const normal = difference && normalEquation(difference);
  return textValue(normal ? `${normal.text}=0` : asWritten(relation, forms));
}

function nameText(part: Part, forms: Forms): string {
  return forms.textOf(part);
}

function differenceOf(left: Part, right: Part, forms: Forms) {
  const [a, b] = [forms.expressionOf(left), forms.expressionOf(right)];
  return a && b && subtract(a, b, forms.budget);
}

/** A linear inequality in one variable as an interval, another as `P < 0`; null for other relations. */
function inequalityValue({ sides, operators }: Relation, forms: Forms): Value | null {
  const [operator, second] = operators as [string, string?];
  if (second !== undefined) return rangeValue({ sides, operators }, forms);
  if (mirrored[operator] === undefined && operator !== '\\neq') return null;
  const difference = differenceOf(sides[0]!, sides[1]!, forms);
  if (difference === null) return null;
  const solution = operator === '\\neq' ? null : solveLinear(difference, forms.budget);
  if (solution) {
    const isFlipped = solution.coefficient.numerator < 0n;
    const direction = isFlipped ? mirrored[operator]! : operator;
    const bound = printSum(solution.value);
    return { ...textValue(rayText(direction, bound)), name: solution.variable, isRange: true };
  }
  const normal = normalEquation(difference);
  if (normal === null) return null;
  const direction = normal.isFlipped ? (mirrored[operator] ?? operator) : operator;
  return textValue(`${normal.text}${direction}0`);
}

/** The values below or above a bound. */
function rayText(operator: string, bound: string): string {
  const isClosed = operator === '\\leq' || operator === '\\geq';
  const isBelow = operator === '<' || operator === '\\leq';
  return isBelow
    ? `(-\\infty,${bound}${isClosed ? ']' : ')'}`
    : `${isClosed ? '[' : '('}${bound},\\infty)`;
}

/** `a ≤ x < b` as the interval [a, b), or null. */
function rangeValue({ sides, operators }: Relation, forms: Forms): Value | null {
  const isRising = operators.every((operator) => operator === '<' || operator === '\\leq');
  const isFalling = operators.every((operator) => operator === '>' || operator === '\\geq');
  const [first, middle, last, ...more] = sides as [Part, Part, Part, ...Part[]];
  if ((!isRising && !isFalling) || more.length > 0 || !isName(middle)) return null;
  const ends = [first, last].map((side) => forms.expressionOf(side));
  if (ends.some((end) => end === null || variablesOf(end)?.size !== 0)) return null;
  const [low, high] = isRising ? ends : [...ends].reverse();
  const [lowOperator, highOperator] = isRising ? operators : [...operators].reverse();
  const open = lowOperator === '\\leq' || lowOperator === '\\geq' ? '[' : '(';
  const close = highOperator === '\\leq' || highOperator === '\\geq' ? ']' : ')';
  const text = `${open}${printSum(low!)},${printSum(high!)}${close}`;
  return { ...textValue(text), name: forms.textOf(middle), isRange: true };
}
