export {
  type AnsweredProblem,
  type AnswerTally,
  majorityAnswer,
  tallyAnswers,
} from './answer-tally.ts';
export type { Benchmark } from './benchmark.ts';
export { benchmarkNamed, benchmarks } from './benchmarks.ts';
export type { BenchmarkRow } from './columns.ts';
export { findBenchmarkFile } from './find-file.ts';
export type { Interval } from './interval.ts';
export { goldResponse, judgeResponse, type RunPython, type Verdict } from './judge.ts';
export { openBenchmarkRows } from './open-rows.ts';
export { passAtK } from './pass-at-k.ts';
export type { Problem } from './problem.ts';
export { type BenchmarkProblems, readProblems } from './read-problems.ts';
export { type BenchmarkScore, type ProblemOutcome, scoreBenchmark } from './score.ts';
