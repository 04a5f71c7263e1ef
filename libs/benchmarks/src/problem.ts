/** A question of a benchmark as the model gets it, and what its answer is judged by. */
export type Problem = BoxedProblem | ChoiceProblem | PythonProblem;

interface ProblemBase {
  /** Names the problem in results and its random numbers; differs within a benchmark. */
  readonly id: string;
  /** The filled prompt template of the benchmark. */
  readonly prompt: string;
}

export interface BoxedProblem extends ProblemBase {
  readonly kind: 'boxed';
  /** As the file has it. */
  readonly gold: string;
}

export interface ChoiceProblem extends ProblemBase {
  readonly kind: 'choice';
  /** A letter from A. */
  readonly gold: string;
  readonly numChoices: number;
}

export interface PythonProblem extends ProblemBase {
  readonly kind: 'python';
  readonly check: PythonCheck;
  /** A solution that the file brings; null where it has none. */
  readonly reference: string | null;
}

/** What a Python solution must do. */
export type PythonCheck =
  /** Statements that raise unless the solution before them is right. */
  | { readonly kind: 'asserts'; readonly setup: string; readonly asserts: readonly string[] }
  /** A program that reads and writes, or a function that is called with JSON, one argument a line. */
  | {
      readonly kind: 'contest';
      /** A function, or a method of `class Solution`; null for a program. */
      readonly call: string | null;
      /** Cases as the file has them: the hidden ones are packed, and can be a hundred times as long. */
      readonly shown: string;
      readonly hidden: string;
    };

export interface PythonCase {
  readonly input: string;
  readonly output: string;
}
