import { createHash } from 'node:crypto';
import { judgeResponse, type Problem, type RunPython } from '@mgrpo/benchmarks';
import type { PromptEncoder } from '@mgrpo/tokenizer';
import type { OpenModel } from '../../model.ts';
import type { ChosenBenchmark } from './chosen-benchmarks.ts';
import type { ProblemResult } from './result-folder.ts';

export interface RunOptions {
  readonly model: OpenModel;
  readonly runPython: RunPython;
  readonly seed: number;
  readonly temperature: number;
  readonly encode: PromptEncoder;
  readonly keepResponses: boolean;
  /** Responses under way at the same time. */
  readonly responsesAtOnce: number;
  readonly signal: AbortSignal;
  /** Problems that are done already, as `problemKey` names them. */
  readonly isDone: (key: string) => boolean;
  onResult(result: ProblemResult): Promise<void>;
}

/** Names a problem among all benchmarks. */
export function problemKey(benchmark: string, id: string): string {
  return `${benchmark}\0${id}`;
}

/**
 * Asks and judges the problems that are not done, many at a time, and tells each result as it comes.
 *
 * A result depends on model, settings and problem alone: neither on order, engines and batch nor on what was
 * done before. The first failure ends the rest.
 */
export async function runProblems(
  chosen: readonly ChosenBenchmark[],
  options: RunOptions,
): Promise<void> {
  const open = chosen.flatMap((one) =>
    one.problems
      .filter(({ id }) => !options.isDone(problemKey(one.benchmark.name, id)))
      .map((problem) => ({ one, problem })),
  );
  const prompts = await options.encode(open.map(({ problem: { prompt } }) => ({ prompt })));
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let next = 0;
  const work = async () => {
    while (!signal.aborted) {
      const promptTokens = prompts[next];
      const task = open[next++];
      if (task === undefined || promptTokens === undefined) return;
      await options.onResult(await resultOf({ ...task, promptTokens }, options));
    }
  };
  const samples = Math.max(1, ...chosen.map((one) => one.samples));
  const lanes = Math.max(1, Math.ceil(options.responsesAtOnce / samples));
  const ends = await Promise.allSettled(
    Array.from({ length: lanes }, () =>
      work().catch((error) => {
        stop.abort();
        throw error;
      }),
    ),
  );
  // After Ctrl-C the failures are what was cancelled.
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined && !options.signal.aborted) throw failed.reason;
}

/** A problem to ask, as tokens. */
interface Task {
  readonly one: ChosenBenchmark;
  readonly problem: Problem;
  readonly promptTokens: Int32Array;
}

async function resultOf(
  { one, problem, promptTokens }: Task,
  { model, temperature, seed, runPython, keepResponses }: RunOptions,
): Promise<ProblemResult> {
  const { benchmark, samples, maxTokens } = one;
  const room = model.maxTokens - promptTokens.length;
  const place = { benchmark: benchmark.name, id: problem.id };
  // A question that the model can't read is one that it can't answer: leaving it out would flatter.
  if (room < 1) return { ...place, ...unanswered(samples) };
  const rollouts = await model.respond({
    promptTokens,
    // The seed names the problem, so its random numbers are the same whatever else is asked.
    prompt: 0,
    seed: problemSeed(seed, problemKey(benchmark.name, problem.id)),
    samples,
    // As rollout services draw for whoever asks them, so that workers give the same responses.
    purpose: 'direct',
    sampling: { temperature, topP: 1, topK: 0, maxResponseTokens: Math.min(maxTokens, room) },
  });
  const responses = rollouts.map(({ tokens }) =>
    model.tokenizer.decode(tokens, { skipSpecial: true }),
  );
  const verdicts = [];
  for (const response of responses) {
    verdicts.push(await judgeResponse(benchmark, problem, { response, runPython }));
  }
  return {
    ...place,
    answers: verdicts.map(({ answer }) => answer),
    right: verdicts.map(({ isRight }) => isRight),
    tokens: rollouts.map(({ tokens }) => tokens.length),
    numCut: rollouts.filter(({ finishReason }) => finishReason === 'length').length,
    ...(keepResponses && !benchmark.isPrivate ? { responses } : {}),
  };
}

function unanswered(samples: number) {
  const all = <T>(value: T) => new Array<T>(samples).fill(value);
  return { answers: all(null), right: all(false), tokens: all(0), numCut: 0 };
}

/** 53 bits, as many as a seed can have, of a hash of the evaluation's seed and the problem. */
function problemSeed(seed: number, key: string): number {
  const digest = createHash('sha256').update(`${seed}\0${key}`).digest();
  return Number(digest.readBigUInt64LE() >> 11n);
}
