import { answerInText, readAnswer } from '@mgrpo/answers';
import { readLines } from '@mgrpo/datasets';
import { MgrpoError, messageOf } from '@mgrpo/errors';

/** A labelled pair of a file; gold and prediction are answers, or texts with an answer in them. */
interface Pair {
  readonly gold: string;
  readonly pred: string;
  readonly equal: boolean;
}

/** A pair on which we and its label differ; for `wrong` we hold unequal answers for equal. */
interface Miss {
  readonly line: number;
  readonly kind: 'missed' | 'wrong';
  /** The answers as they were found in the texts, and their canonical forms. */
  readonly gold: string;
  readonly pred: string;
  readonly goldForm: string;
  readonly predForm: string;
}

/** What `mgrpo answers` says of a file. */
interface Summary {
  readonly pairs: number;
  /** Pairs that are labelled equal, and how many of them are held equal. */
  readonly equal: number;
  readonly recognised: number;
  /** Pairs that are labelled unequal, and how many of them are held equal. */
  readonly unequal: number;
  readonly accepted: number;
  /** Of the pairs held equal, the share that is; null without any. */
  readonly precision: number | null;
  /** Of the equal pairs, the share held equal; null without any. */
  readonly recall: number | null;
  /** Answers that were too long, too deep or too much work and compared as they stand. */
  readonly refused: number;
}

type Count = Pick<Summary, 'equal' | 'recognised' | 'unequal' | 'accepted' | 'refused'>;

/** Prints every pair on which the canonical form and the label differ, then precision and recall, as JSON lines. */
export async function answers(file: string): Promise<number> {
  const count: { -readonly [Key in keyof Count]: number } = {
    equal: 0,
    recognised: 0,
    unequal: 0,
    accepted: 0,
    refused: 0,
  };
  for await (const { number, text } of readLines(file)) {
    const pair = parsePair(`${file}:${number}`, text);
    const [gold, pred] = [answerInText(pair.gold), answerInText(pair.pred)];
    const [goldReading, predReading] = [readAnswer(gold), readAnswer(pred)];
    const [goldForm, predForm] = [goldReading.canonical, predReading.canonical];
    const isSame = goldForm === predForm;
    count[pair.equal ? 'equal' : 'unequal'] += 1;
    if (isSame) count[pair.equal ? 'recognised' : 'accepted'] += 1;
    for (const { refusal } of [goldReading, predReading]) if (refusal) count.refused += 1;
    if (isSame === pair.equal) continue;
    const kind = pair.equal ? 'missed' : 'wrong';
    print({ line: number, kind, gold, pred, goldForm, predForm } satisfies Miss);
  }
  print(summaryOf(count, file));
  return 0;
}

function summaryOf(count: Count, file: string): Summary {
  const { equal, recognised, unequal, accepted, refused } = count;
  if (equal + unequal === 0) throw invalid(file, 'holds no pairs');
  const held = recognised + accepted;
  return {
    pairs: equal + unequal,
    equal,
    recognised,
    unequal,
    accepted,
    precision: held === 0 ? null : recognised / held,
    recall: equal === 0 ? null : recognised / equal,
    refused,
  };
}

function print(object: Miss | Summary): void {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** Checks one line; INVALID_INPUT names the field that is missing or of the wrong type. */
function parsePair(where: string, text: string): Pair {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    throw invalid(where, `is no JSON (${messageOf(error)})`, error);
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw invalid(where, 'is no JSON object');
  }
  const { gold, pred, equal } = row as Record<string, unknown>;
  if (typeof gold !== 'string') throw invalid(where, `"gold" must be text, ${got(gold)}`);
  if (typeof pred !== 'string') throw invalid(where, `"pred" must be text, ${got(pred)}`);
  if (typeof equal !== 'boolean')
    throw invalid(where, `"equal" must be true or false, ${got(equal)}`);
  return { gold, pred, equal };
}

function got(value: unknown): string {
  return value === undefined ? 'but it is missing' : `not ${JSON.stringify(value).slice(0, 40)}`;
}

function invalid(where: string, what: string, cause?: unknown): MgrpoError {
  const remedy = 'each line is {"gold": "1/2", "pred": "0.5", "equal": true}';
  return new MgrpoError('INVALID_INPUT', `${where} ${what}; ${remedy}`, { cause });
}
