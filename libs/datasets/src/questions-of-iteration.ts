import {
  type AlgorithmOptions,
  promptsOfIteration,
  questionsPerIteration,
  rephrasingOf,
} from '@mgrpo/algorithm';
import type { Question } from './questions.ts';

/** What one question of an iteration asks of the models, and what its label rests on. */
export interface AskedQuestion {
  /** The prompts whose groups are judged together, by position in the iteration: one, or two wordings. */
  readonly prompts: readonly { readonly prompt: number; readonly tokens: Int32Array }[];
  /** Canonical; null for every method but `grpo`. */
  readonly gold: string | null;
}

/** The questions of iteration `t`: a pure function of the file, the seed and t. */
export function questionsOfIteration(
  questions: readonly Question[],
  {
    seed,
    iteration,
    algorithm,
  }: {
    readonly seed: number;
    readonly iteration: number;
    readonly algorithm: Pick<AlgorithmOptions, 'method' | 'promptsPerIteration'>;
  },
): AskedQuestion[] {
  const indices = promptsOfIteration({
    seed,
    iteration,
    promptsPerIteration: questionsPerIteration(algorithm),
    numPrompts: questions.length,
  });
  return indices.map((index, position): AskedQuestion => {
    const question = questions[index]!;
    const { tokens } = question;
    if (question.kind === 'none') return { prompts: [{ prompt: position, tokens }], gold: null };
    if (question.kind === 'gold') {
      return { prompts: [{ prompt: position, tokens }], gold: question.answer };
    }
    const { rephrasings } = question;
    const numRephrasings = rephrasings.length;
    const chosen = rephrasingOf({ seed, iteration, question: position, numRephrasings });
    const prompts = [
      { prompt: 2 * position, tokens },
      { prompt: 2 * position + 1, tokens: rephrasings[chosen]! },
    ];
    return { prompts, gold: null };
  });
}
