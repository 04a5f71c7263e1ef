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
  /** A function, or a method of `class Solution`; arguments and result are JSON, one argument a line. */
  | { readonly kind: 'calls'; readonly name: string; readonly cases: readonly PythonCase[] }
  /** A program that reads `input` and writes `output`. */
  | { readonly kind: 'stdio'; readonly cases: readonly PythonCase[] };

export interface PythonCase {
  readonly input: string;
  readonly output: string;
}
