import { boxes } from './boxed.ts';
import { mathSpans, type Span } from './math-spans.ts';

/** Formulas that make one answer have no more than this between them (characters). */
const maxConnector = 60;

/** At most so many formulas are one answer. */
const maxConnected = 50;

// "and", "or", "," between two formulas; also `\) and \( y_2 =` and `\text{ for part (a) and }`.
const onlyMarks = /^[\s$,;.]*$|^(?:[\s$,;\\()[\]]|\\quad|\\text\s?\{)*$/;
const hasConjunction = /(?:^|[^a-z])(?:and|or)(?:[^a-z]|$)/;

function areConnected(between: string): boolean {
  if (between.length > maxConnector || /\n|\. |Final/.test(between)) return false;
  if (/[,;]/.test(between) && onlyMarks.test(between)) return true;
  return hasConjunction.test(between);
}

/** The last of the spans together with those just before it that are connected to it, as one list. */
function lastAnswer(text: string, spans: readonly Span[]): Span | null {
  const last = spans.at(-1);
  if (last === undefined) return null;
  const parts = [last.content];
  let { start } = last;
  for (const span of spans.slice(-maxConnected, -1).reverse()) {
    if (span.end > start || !areConnected(text.slice(span.end, start))) break;
    parts.push(span.content);
    start = span.start;
  }
  return { start, end: last.end, content: parts.reverse().join(', ') };
}

function boxSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (const { inside, end } of boxes(text)) {
    const start = text.lastIndexOf('\\', inside);
    // A box around a box is left out: its inner one is the answer.
    if (spans.length > 0 && start < spans.at(-1)!.start) continue;
    spans.push({ start, end: end + 1, content: text.slice(inside, end) });
  }
  return spans;
}

const unclosedBox = /\\(?:boxed|fbox)\{/;
const percentAfter = /^[\s$\\)\]]{0,8}(?:%|percent|pct)/;

/** The content of a span, with the percent sign that stands after it. */
function withPercent(text: string, { content, end }: Span): string {
  return percentAfter.test(text.slice(end, end + 20)) ? `${content}\\%` : content;
}

const announcement = /(?:final answer|answer)\b[^\n]{0,20}?\bis\b:?\s*/gi;
const proseNumber = /(?<![\p{L}\d.,])-?\d[\d,]*(?:\.\d+)?(?![\p{L}\d])/gu;

/** The last number in prose; a comma before one or two last digits is a decimal comma. */
function lastNumber(text: string): string | null {
  const number = [...text.matchAll(proseNumber)].at(-1)?.[0].replace(/,+$/, '');
  if (number === undefined) return null;
  return number.replace(/^(-?\d+),(\d{1,2})$/, '$1.$2');
}

/** A text of more words than this is a sentence and not itself an answer. */
const maxWordsOfAnswer = 3;

/** What follows the last "the answer is" after a position, up to the end of the sentence. */
function lastAnnounced(text: string, after: number): string | null {
  const match = [...text.slice(after).matchAll(announcement)].at(-1);
  if (match === undefined) return null;
  const start = after + match.index + match[0].length;
  return /^[^\n]*?(?=\.(?:\s|$)|\n|$)/.exec(text.slice(start, start + 200))?.[0] ?? null;
}

function unboxed(text: string): string | null {
  const box = unclosedBox.exec(text);
  return box ? text.slice(box.index + box[0].length) : null;
}

/** Of a longer text the end is read (characters). */
const maxRead = 100_000;

/**
 * The answer in a gold solution or a response, or the text itself where that is an answer: the last box (with
 * those that are joined to it by "and" or a comma), else what is announced as the answer, else the last
 * formula, else the last number.
 *
 * @example answerInText('Thus $x <= 2$ is our answer.') // -> 'x <= 2'
 */
export function answerInText(whole: string): string {
  const text = whole.slice(-maxRead);
  const box = lastAnswer(text, boxSpans(text));
  const announced = lastAnnounced(text, box?.end ?? 0);
  if (announced) return answerInText(announced);
  if (box) return withPercent(text, box);
  const open = unboxed(text);
  if (open !== null) return open;
  const formula = lastAnswer(text, mathSpans(text));
  if (formula && formula.content.trim() !== '') return withPercent(text, formula);
  const numWords = text.match(/(?<!\\)\b\p{L}{3,}/gu)?.length ?? 0;
  const isProse = numWords > maxWordsOfAnswer || /^\p{L}{3,}\s*:/u.test(text);
  return isProse ? (lastNumber(text) ?? text) : text;
}
