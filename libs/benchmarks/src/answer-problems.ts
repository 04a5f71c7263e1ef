import { extractors } from '@mgrpo/answers';
import type { AnswerForm } from './benchmark.ts';
import { choiceLetters } from './choice-letter.ts';
import type { RowReader } from './columns.ts';
import { fill } from './fill.ts';
import type { BoxedProblem, ChoiceProblem } from './problem.ts';

type BoxedForm = Extract<AnswerForm, { kind: 'boxed' }>;
type ChoiceForm = Extract<AnswerForm, { kind: 'choice' }>;

/** A question whose answer is judged by its canonical form. */
export function boxedProblem(form: BoxedForm, reader: RowReader, id: string): BoxedProblem {
  const question = wholeQuestion(form, reader);
  return {
    kind: 'boxed',
    id,
    prompt: fill(form.template, { question }),
    gold: goldOf(form, reader),
  };
}

/** SVAMP's own files tell the story and ask in two columns. */
function wholeQuestion({ columns }: BoxedForm, reader: RowReader): string {
  const story = reader.optionalText(['Body']).trim();
  const question = reader.text(columns.question).trim();
  return story === '' ? question : `${story} ${question}`;
}

function goldOf({ columns, worked }: BoxedForm, reader: RowReader): string {
  const cell = reader.find(columns.answer);
  // OlympiadBench lists its answers, each with its own dollars.
  if (Array.isArray(cell)) return (reader.texts(columns.answer) ?? []).join(', ');
  if (worked === undefined || (cell !== null && worked.form === 'boxed')) {
    return reader.text(columns.answer);
  }
  const solution = reader.text(worked.column);
  if (worked.form === 'hashes') return solution.slice(afterHashes(solution)).trim();
  const boxed = extractors.boxed(solution);
  if (boxed === null) throw reader.wrong(worked.column, 'has no \\boxed{} answer');
  return boxed;
}

/** Where the answer begins: a cell without `####` is the answer itself. */
function afterHashes(solution: string): number {
  const at = solution.lastIndexOf('####');
  return at === -1 ? 0 : at + 4;
}

/** A question whose answer is one of the listed choices. */
export function choiceProblem(form: ChoiceForm, reader: RowReader, id: string): ChoiceProblem {
  const { separate, columns } = form;
  const isSeparate = separate !== undefined && reader.find(separate.right) !== null;
  const listed = isSeparate ? shuffled(separate, reader, id) : null;
  const text = reader.text(columns.question).trim();
  const choices = listed?.choices ?? reader.texts(columns.choices);
  const question = choices === null ? text : `${text}\n${choiceLines(choices)}`;
  const numChoices = choices?.length ?? numListed(text);
  if (numChoices < 2) {
    throw reader.wrong(
      columns.question,
      'lists no choices ("A. …", one a line), and there is no column of them',
    );
  }
  const gold = listed?.gold ?? letterOf(form, reader, numChoices);
  return { kind: 'choice', id, prompt: fill(form.template, { question }), gold, numChoices };
}

function choiceLines(choices: readonly string[]): string {
  return choices.map((choice, i) => `${choiceLetters[i]}. ${choice.trim()}`).join('\n');
}

/** How many choices a question lists itself: lines that begin with `A. `, `B. ` and so on, in order. */
function numListed(text: string): number {
  let count = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith(`${choiceLetters[count]}.`)) count += 1;
  }
  return count;
}

/** The letter of the right choice: given as a letter, or as an index from 0. */
function letterOf({ columns }: ChoiceForm, reader: RowReader, numChoices: number): string {
  const text = reader.text(columns.answer).trim();
  const letter = /^\d+$/.test(text) ? choiceLetters[Number(text)] : text;
  const index = letter === undefined ? -1 : choiceLetters.indexOf(letter);
  if (letter?.length === 1 && index >= 0 && index < numChoices) return letter;
  throw reader.wrong(columns.answer, `must be the letter or index of one of ${numChoices} choices`);
}

/** The right and the wrong choices in an order that follows from the id alone. */
function shuffled(
  { right, wrong }: NonNullable<ChoiceForm['separate']>,
  reader: RowReader,
  id: string,
): { choices: readonly string[]; gold: string } {
  const rest = [right, ...wrong].map((names) => reader.text(names));
  const answer = rest[0]!;
  const choices: string[] = [];
  let number = textHash(id);
  while (rest.length > 0) {
    choices.push(...rest.splice(number % rest.length, 1));
    number = Math.floor(number / (rest.length + 1));
  }
  return { choices, gold: choiceLetters[choices.indexOf(answer)]! };
}

/** FNV-1a, 32 bits, with a last mix so that ids which differ in one letter differ in every bit. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
