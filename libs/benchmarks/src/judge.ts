import { answerOf, canonicalAnswer } from '@mgrpo/answers';
import type { Benchmark } from './benchmark.ts';
import { choiceLetter } from './choice-letter.ts';
import type { Problem, PythonProblem } from './problem.ts';
import { pythonBlock } from './python-block.ts';
import { pythonRuns } from './python-program.ts';

/** What is known of a response. */
export interface Verdict {
  /** Canonical answer, letter, or how the Python ended (`passed`, `failed`, `timeout`, …); null without one. */
  readonly answer: string | null;
  readonly isRight: boolean;
}

/** Runs one Python program where it can do no harm; `@mgrpo/sandbox` has it. */
export type RunPython = (options: {
  readonly program: string;
  readonly stdin: string;
  readonly timeLimitSeconds: number;
  readonly memoryLimitMiB: number;
}) => Promise<{ readonly kind: string }>;

/** Judges a response to a problem; `runPython` is asked for Python alone. */
export async function judgeResponse(
  { answer: form }: Benchmark,
  problem: Problem,
  { response, runPython }: { readonly response: string; readonly runPython: RunPython },
): Promise<Verdict> {
  switch (problem.kind) {
    case 'boxed': {
      const answer = answerOf(response, 'boxed');
      return { answer, isRight: answer !== null && answer === canonicalAnswer(problem.gold) };
    }
    case 'choice': {
      const answer = choiceLetter(response, problem.numChoices);
      return { answer, isRight: answer === problem.gold };
    }
    case 'python': {
      if (form.kind !== 'python') return { answer: null, isRight: false };
      const answer = await outcomeOf(problem, { response, runPython, limits: form.limits });
      return { answer, isRight: answer === 'passed' };
    }
  }
}

/** How the first run that does not pass ends; the later ones are not started. */
async function outcomeOf(
  { check }: PythonProblem,
  options: {
    readonly response: string;
    readonly runPython: RunPython;
    readonly limits: { readonly seconds: number; readonly memoryMiB: number };
  },
): Promise<string | null> {
  const code = pythonBlock(options.response);
  if (code === null) return null;
  const { seconds, memoryMiB } = options.limits;
  for (const run of pythonRuns(code, check)) {
    const limits = { timeLimitSeconds: seconds, memoryLimitMiB: memoryMiB };
    const { kind } = await options.runPython({ ...run, ...limits });
    if (kind !== 'passed') return kind;
  }
  return 'passed';
}

/** A response with the gold answer in the form that the prompt asks for; null where the file has none. */
export function goldResponse(problem: Problem): string | null {
  switch (problem.kind) {
    case 'boxed':
      return `We add it all up. The answer is $\\boxed{${problem.gold}}$.`;
    case 'choice':
      return `We compare the choices. The answer is \\boxed{${problem.gold}}.`;
    case 'python':
      return problem.reference === null ? null : `\`\`\`python\n${problem.reference}\n\`\`\``;
  }
}
