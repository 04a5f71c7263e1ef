import { isMark, type LatexToken } from '../latex/latex-tokens.ts';
import { latexTree, type Part, type Parts } from '../latex/latex-tree.ts';
import { unwrapped } from './groups.ts';
import { assignedTuple, inOrder } from './lists.ts';
import { signsSpelledOut } from './signs.ts';
import { type Forms, textValue, type Value } from './value.ts';

function isWord(token: LatexToken | undefined, word: string): boolean {
  return token?.kind === 'letters' && token.text === word;
}

/** The tokens without the full stops and `.`-less commas at the end of a sentence; an ellipsis stays. */
function withoutFullStop(tokens: readonly LatexToken[]): readonly LatexToken[] {
  const isFullStop = isMark(tokens.at(-1), '.') && !isMark(tokens.at(-2), '.');
  return isFullStop ? tokens.slice(0, -1) : tokens;
}

/** What can stand after the letter of a choice: the text of the option. */
function startsOption(token: LatexToken | undefined): boolean {
  if (token?.kind === 'command') return token.text === 'frac' || token.text === 'sqrt';
  return token?.kind === 'number' || (token?.kind === 'letters' && token.text.length > 1);
}

/** The letter of a multiple choice, `(B)`, `B)`, `B. 42`, `(B) 42`; or null. */
function choiceLetter(tokens: readonly LatexToken[]): string | null {
  const isBracketed = isMark(tokens[0], '(');
  const [letter, close, ...option] = isBracketed ? tokens.slice(1) : tokens;
  if (letter?.kind !== 'letters' || !/^[A-J]$/.test(letter.text)) return null;
  const isClosed = isMark(close, ')') || (!isBracketed && isMark(close, '.'));
  return isClosed && (option.length === 0 || startsOption(option[0])) ? letter.text : null;
}

/** The tokens between the separators `;` and "or" outside of brackets; "and" becomes a comma. */
function chunksOf(tokens: readonly LatexToken[]): { chunks: LatexToken[][]; hasOr: boolean } {
  const chunks: LatexToken[][] = [[]];
  let depth = 0;
  let hasOr = false;
  tokens.forEach((token, i) => {
    const chunk = chunks.at(-1)!;
    const isInside = i > 0 && i < tokens.length - 1;
    if (/^[([{]$/.test(token.text)) depth += 1;
    if (/^[)\]}]$/.test(token.text)) depth -= 1;
    const isOr =
      isInside && (isWord(token, 'or') || (token.kind === 'command' && token.text === 'lor'));
    if ((isOr || isMark(token, ';')) && depth === 0) {
      hasOr ||= isOr;
      if (isMark(chunk.at(-1), ',')) chunk.pop();
      chunks.push([]);
    } else if (isWord(token, 'and') && isInside) {
      if (!isMark(chunk.at(-1), ',')) chunk.push({ kind: 'mark', text: ',' });
    } else {
      chunk.push(token);
    }
  });
  return { chunks: chunks.filter((chunk) => chunk.length > 0), hasOr };
}

/** The parts of a chunk without brackets that say nothing. */
function stripped(parts: Parts): Parts {
  const [only, ...others] = parts;
  const inner = only && others.length === 0 ? unwrapped(only) : null;
  return inner === null ? parts : stripped(inner);
}

/** What the parts between two separators say: values, or one tuple where they are assigned to several names. */
function chunkValues(parts: Parts, isOnly: boolean, forms: Forms): readonly Value[] {
  const values = stripped(parts)
    .flatMap((part: Part) => signsSpelledOut(part))
    .map((part) => forms.valueOf(part));
  const [only] = values;
  if (values.length === 1)
    return only!.elements && only!.elements.length > 1 ? only!.elements : values;
  const tuple = assignedTuple(values);
  if (tuple !== null) return [textValue(tuple)];
  return isOnly || values.some(({ name }) => name !== null)
    ? values
    : [textValue(`(${values.map(({ text }) => text).join(',')})`)];
}

/** The canonical text of an answer from its tokens; null where brackets don't match. */
export function answerForm(tokens: readonly LatexToken[], forms: Forms): string | null {
  const sentence = withoutFullStop(tokens);
  const choice = choiceLetter(sentence);
  if (choice !== null) return choice;
  const { chunks, hasOr } = chunksOf(sentence);
  const trees = chunks.map(latexTree);
  const values: Value[] = [];
  for (const parts of trees) {
    if (parts === null) return null;
    // `1,2;3,4` is a list of tuples, `1, 2 or 3` a list of numbers.
    values.push(...chunkValues(parts, hasOr || chunks.length === 1, forms));
  }
  const [only] = values;
  if (values.length <= 1) return only?.text ?? '';
  // With nothing between two commas it is no list.
  const isList = values.every(({ text }) => text !== '');
  const ordered = (isList ? inOrder(values, 'list') : values).map(({ text }) => text);
  if (hasOr && values.every(({ isRange }) => isRange)) return ordered.join('\\cup');
  return ordered.join(', ');
}
