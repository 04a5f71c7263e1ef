import { isMark } from '../latex/latex-tokens.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const unitNames = words(
  'mm cm dm km nm mi ft yd inch foot feet meter metre mile yard ' +
    'mg kg gm lb lbs oz ton gram kilogram pound ounce ml mL dL liter litre gallon quart pint cup ' +
    'sec min hr hrs second minute hour day week month year ms ns ' +
    'mph kph kmh rpm Hz kHz MHz GHz eV keV MeV GeV kJ kW MW Pa kPa atm mol Wb rad sr dB AU pc kpc Mpc ly ' +
    'dollar cent euro USD degree deg radian unit point square cubic sq cu per in erg dyn dyne angstrom',
);

/** Units of one letter count only where they are written as text, `5\text{ m}`: `5 m` is a product. */
const letterUnits = words('m s g h L l N J W K V A C F T G');

/** Plural words that say how many, not of what. */
const notUnits = words(
  'tens hundreds thousands millions billions trillions dozens less plus minus times pairs',
);
const plural = /^\p{Ll}{3,}s$/u;

function isUnitWord(node: LatexNode | undefined): boolean {
  if (node?.kind === 'command') return node.text === 'AA' || node.text === 'Omega';
  if (node?.kind !== 'letters') return false;
  if (node.text.length === 1) return node.isText === true && letterUnits.has(node.text);
  return unitNames.has(node.text) || (plural.test(node.text) && !notUnits.has(node.text));
}

/** How many nodes before `end` are one piece of a unit: a word, a degree sign, or a power of a word. */
function unitLength(part: Part, end: number): number {
  if (isMark(part[end - 1], '°')) return 1;
  if (isUnitWord(part[end - 1])) return 1;
  const isDegrees = isMark(part[end - 2], '°') && part[end - 1]?.kind === 'letters';
  if (isDegrees) return 2;
  const isPower = isMark(part[end - 2], '^') && isUnitWord(part[end - 3]);
  const exponent = part[end - 1];
  const isExponent = exponent?.kind === 'number' || exponent?.kind === 'group';
  return isPower && isExponent ? 3 : 0;
}

function isBetweenUnits(node: LatexNode | undefined): boolean {
  return (
    isMark(node, '/') || isMark(node, '.') || (node?.kind === 'command' && node.text === 'cdot')
  );
}

/** What may stand before a unit: the end of a number or an expression. */
function endsValue(node: LatexNode | undefined): boolean {
  if (node === undefined || node.kind === 'mark') return isMark(node, '!') || isMark(node, '|');
  return node.kind !== 'command' || node.text === 'pi';
}

/**
 * A part without the unit at its end, if it has one.
 *
 * Deliberate: `10 cm`, `10 ft` and `10` are one answer, since questions name the unit and benchmarks leave it
 * out or not. So are `90°` and `90`, and a number of things (`575 students`) and the number.
 */
export function withoutUnit(part: Part): Part {
  let start = part.length;
  for (;;) {
    const isSeparated = start < part.length && isBetweenUnits(part[start - 1]);
    const end = isSeparated ? start - 1 : start;
    const length = unitLength(part, end);
    if (length === 0 || length >= end) break;
    start = end - length;
  }
  const before = part.slice(0, start);
  const last = before.at(-1);
  const isVariable = last?.kind === 'letters' && part[start]?.kind === 'letters';
  const isWord = isVariable && (part[start] as { isText?: true }).isText !== true;
  return start < part.length && endsValue(last) && !isWord ? before : part;
}
