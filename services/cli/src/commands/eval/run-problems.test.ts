import { benchmarkNamed, type Problem, scoreBenchmark } from '@mgrpo/benchmarks';
import { expect, test } from 'vitest';
import type { OpenModel, Question } from '../../model.ts';
import type { ChosenBenchmark } from './chosen-benchmarks.ts';
import type { ProblemResult } from './result-folder.ts';
import { problemKey, type RunOptions, runProblems } from './run-problems.ts';

const boxedProblems: Problem[] = [
  { kind: 'boxed', id: 'half', prompt: 'half', gold: '\\frac{1}{2}' },
  { kind: 'boxed', id: 'four', prompt: 'four', gold: '4' },
];
const choiceProblem: Problem = { kind: 'choice', id: 'c', prompt: 'c', gold: 'B', numChoices: 4 };

const chosen = (name: string, problems: readonly Problem[], samples: number): ChosenBenchmark => ({
  benchmark: benchmarkNamed(name),
  path: `${name}.jsonl`,
  problems,
  samples,
  maxTokens: 20,
  problemsSha256: '',
});

const encode = (text: string) => Int32Array.from(text, (letter) => letter.codePointAt(0)!);

/** A model whose tokens are character codes, and which answers as a script says. */
function scriptedModel(script: Readonly<Record<string, readonly string[]>>, asked: Question[]) {
  const decode = (tokens: ArrayLike<number>) => String.fromCodePoint(...Array.from(tokens));
  const model = {
    tokenizer: { decode },
    maxTokens: 100,
    weightsSha256: '',
    respond: async (question: Question) => {
      asked.push(question);
      return script[decode(question.promptTokens)]!.map((text, index) => ({
        index,
        tokens: encode(text),
        finishReason: text.length > 15 ? 'length' : 'stop',
      }));
    },
    close: async () => {},
  };
  return model as unknown as OpenModel;
}

async function run(
  benchmarks: readonly ChosenBenchmark[],
  options: Partial<RunOptions> & { readonly model: OpenModel },
): Promise<ProblemResult[]> {
  const results: ProblemResult[] = [];
  await runProblems(benchmarks, {
    runPython: () => Promise.reject(new Error('no Python here')),
    seed: 1,
    temperature: 0.8,
    encode: async (questions) => questions.map(({ prompt }) => encode(prompt)),
    keepResponses: false,
    responsesAtOnce: 4,
    signal: new AbortController().signal,
    isDone: () => false,
    onResult: async (result) => {
      results.push(result);
    },
    ...options,
  });
  return results;
}

const script = {
  half: ['\\boxed{0.5}', '\\boxed{1/2}', '\\boxed{2}', 'no answer at all, cut'],
  four: ['\\boxed{5}', '\\boxed{5}', '\\boxed{4}', '\\boxed{5}'],
};

test('responses are judged and counted', async () => {
  const one = chosen('math500', boxedProblems, 4);
  const results = await run([one], { model: scriptedModel(script, []) });
  expect(results).toEqual([
    {
      benchmark: 'math500',
      id: 'half',
      answers: ['1/2', '1/2', '2', null],
      right: [true, true, false, false],
      tokens: [11, 11, 9, 21],
      numCut: 1,
    },
    {
      benchmark: 'math500',
      id: 'four',
      answers: ['5', '5', '4', '5'],
      right: [false, false, true, false],
      tokens: [9, 9, 9, 9],
      numCut: 0,
    },
  ]);
  const score = scoreBenchmark(results, { hasMajority: true });
  expect(score).toMatchObject({ accuracy: 3 / 8, majority: 1 / 2, unanswered: 1 / 8 });
});

test('random numbers are named by benchmark and problem, so that neither order nor limits change them', async () => {
  const seeds = async (problems: readonly Problem[], seed = 1) => {
    const asked: Question[] = [];
    await run([chosen('math500', problems, 1)], { model: scriptedModel(script, asked), seed });
    return new Map(asked.map((q) => [String.fromCodePoint(...q.promptTokens), q.seed]));
  };
  const all = await seeds(boxedProblems);
  expect((await seeds(boxedProblems.toReversed())).get('half')).toBe(all.get('half'));
  expect((await seeds(boxedProblems.slice(1))).get('four')).toBe(all.get('four'));
  expect(all.get('half')).not.toBe(all.get('four'));
  expect((await seeds(boxedProblems, 2)).get('half')).not.toBe(all.get('half'));
  for (const seed of all.values()) expect(Number.isSafeInteger(seed)).toBe(true);
});

test('what is done is not asked again', async () => {
  const done = problemKey('math500', 'half');
  const model = scriptedModel(script, []);
  const results = await run([chosen('math500', boxedProblems, 4)], {
    model,
    isDone: (key) => key === done,
  });
  expect(results.map(({ id }) => id)).toEqual(['four']);
});

test('a prompt that leaves no room counts as unanswered, a long one gets a shorter response', async () => {
  const long: Problem = { kind: 'boxed', id: 'long', prompt: 'x'.repeat(100), gold: '1' };
  const near: Problem = { kind: 'boxed', id: 'near', prompt: 'y'.repeat(93), gold: '1' };
  const asked: Question[] = [];
  const model = scriptedModel({ [near.prompt]: ['1'] }, asked);
  const results = await run([chosen('math500', [long, near], 1)], { model });
  expect(results.find(({ id }) => id === 'long')).toMatchObject({ answers: [null], tokens: [0] });
  expect(asked.map(({ sampling }) => sampling.maxResponseTokens)).toEqual([7]);
});

test('responses are kept where asked for, but never of GPQA', async () => {
  const model = scriptedModel({ c: ['\\boxed{B}'] }, []);
  const both = [chosen('mmlu-pro', [choiceProblem], 1), chosen('gpqa', [choiceProblem], 1)];
  const results = await run(both, { model, keepResponses: true });
  expect(results.map(({ benchmark, right }) => [benchmark, right])).toEqual([
    ['mmlu-pro', [true]],
    ['gpqa', [true]],
  ]);
  expect(results.map(({ responses }) => responses)).toEqual([['\\boxed{B}'], undefined]);
});

test('the first failure ends the rest and is told', async () => {
  const model = scriptedModel(script, []);
  const failing = { ...model, respond: () => Promise.reject(new Error('the engine is gone')) };
  await expect(run([chosen('math500', boxedProblems, 4)], { model: failing })).rejects.toThrow(
    'the engine is gone',
  );
});
