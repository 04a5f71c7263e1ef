import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readAnswer } from './canonical-answer.ts';
import { answerInText } from './extract/answer-in-text.ts';
import { answerOf } from './extract/extractors.ts';

// Public data beside the project, not in it: these tests skip where it is absent.
const folder = new URL('../../../../shared/data/', import.meta.url);
const isAbsent = !existsSync(folder);
const note = '(skipped where ../shared/data is absent)';

function lines<Row>(file: string): Row[] {
  const text = readFileSync(new URL(file, folder), 'utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as Row);
}

const canonical = (text: string) => readAnswer(answerInText(text)).canonical;

test.skipIf(isAbsent)(
  `pairs of public graders' tests: 90 % of equal ones found, no other ${note}`,
  () => {
    interface Pair {
      gold: string;
      pred: string;
      equal: boolean;
    }
    const pairs = lines<Pair>('math_equivalence_cases.jsonl');
    const merged = pairs.filter(({ gold, pred }) => canonical(gold) === canonical(pred));
    expect(merged.filter(({ equal }) => !equal)).toEqual([]);
    const numEqual = pairs.filter(({ equal }) => equal).length;
    console.info(`answers: ${merged.length} of ${numEqual} equal pairs recognised`);
    expect(merged.length / numEqual).toBeGreaterThanOrEqual(0.93);
  },
);

/** Every gold answer of the benchmarks. */
function golds(): string[] {
  const files = [
    ...['math_test', 'math500', 'gsm8k_test', 'aime24', 'aime25'],
    ...['minerva_math', 'olympiadbench_oe_to_maths_en', 'amc23', 'svamp'],
  ];
  return files.flatMap((file) =>
    lines<{ answer: string }>(`${file}.jsonl`).map(({ answer }) => answer),
  );
}

test.skipIf(isAbsent)(`gold answers replayed in a box all score; none is refused ${note}`, () => {
  const answers = golds();
  const wrong = answers.filter((gold) => {
    const response = `We add the parts (there are $n$). Therefore the answer is $\\boxed{${gold}}$.`;
    return answerOf(response, 'boxed') !== readAnswer(gold).canonical;
  });
  expect(wrong).toEqual([]);
  expect(answers.filter((gold) => readAnswer(gold).refusal !== null)).toEqual([]);
});

/** A generator of numbers below n from a seed (the minimal standard of Park and Miller). */
function below(seed: number) {
  let state = seed;
  return (n: number) => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
}

test.skipIf(isAbsent)(`gold answers shuffled against each other do not ${note}`, () => {
  const answers = golds().map((gold) => ({ gold, form: readAnswer(gold).canonical }));
  const next = below(17);
  const accepted: string[] = [];
  let numPairs = 0;
  while (numPairs < 20_000) {
    const [a, b] = [answers[next(answers.length)]!, answers[next(answers.length)]!];
    if (a.gold === b.gold) continue;
    numPairs += 1;
    if (a.form === b.form) accepted.push(`${a.gold} = ${b.gold}`);
  }
  console.info(
    `answers: ${accepted.length} of ${numPairs} pairs of different golds are one answer`,
  );
  for (const pair of accepted) console.info(`  ${pair}`);
  expect(accepted.length / numPairs).toBeLessThan(0.005);
});
