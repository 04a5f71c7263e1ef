import { createHash } from 'node:crypto';
import {
  type Benchmark,
  benchmarkNamed,
  findBenchmarkFile,
  openBenchmarkRows,
  type Problem,
  readProblems,
} from '@mgrpo/benchmarks';
import { MgrpoError } from '@mgrpo/errors';

/** A benchmark with its problems and the settings that hold for it. */
export interface ChosenBenchmark {
  readonly benchmark: Benchmark;
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly samples: number;
  readonly maxTokens: number;
  /** Of the problems as they are asked and judged: prompts, gold answers, order. */
  readonly problemsSha256: string;
}

export interface ChoiceFlags {
  readonly benchmarks: string;
  readonly data?: string;
  readonly file: readonly string[];
  readonly columns?: string;
  readonly samples?: string;
  readonly maxTokens?: string;
  readonly maxPrompts?: string;
}

/** The benchmarks that were asked for, read; USAGE or INVALID_INPUT names what is wrong. */
export async function chooseBenchmarks(
  flags: ChoiceFlags,
  warn: (message: string) => void,
): Promise<ChosenBenchmark[]> {
  const names = flags.benchmarks.split(',').map((name) => name.trim());
  const chosen = [...new Set(names)].map(benchmarkNamed);
  const files = pairs('--file', flags.file);
  for (const name of files.keys()) benchmarkNamed(name);
  const columns = pairs('--columns', flags.columns?.split(',') ?? []);
  const limits = {
    samples: countOf('--samples', flags.samples),
    maxTokens: countOf('--max-tokens', flags.maxTokens),
    maxPrompts: countOf('--max-prompts', flags.maxPrompts),
  };
  // One after the other: of several that are missing, the first is told.
  const read: ChosenBenchmark[] = [];
  for (const benchmark of chosen) {
    const own = files.get(benchmark.name);
    const path = await findBenchmarkFile(benchmark, { folder: flags.data, own });
    const rows = openBenchmarkRows(benchmark, path);
    const all = await readProblems(benchmark, rows, columns);
    tellSize(benchmark, { path, found: all.problems.length, warn });
    const problems = all.problems.slice(0, limits.maxPrompts ?? all.problems.length);
    read.push({
      benchmark,
      path,
      problems,
      samples: limits.samples ?? benchmark.samples,
      maxTokens: limits.maxTokens ?? benchmark.maxTokens,
      problemsSha256: hashOf(problems),
    });
  }
  return read;
}

/** Problem by problem: all of LiveCodeBench is longer than a text can be. */
function hashOf(problems: readonly Problem[]): string {
  const hash = createHash('sha256');
  for (const problem of problems) hash.update(`${JSON.stringify(problem)}\n`);
  return hash.digest('hex');
}

/** A part of a benchmark, or another split, must not pass for the whole. */
function tellSize(
  { name, size }: Benchmark,
  { path, found, warn }: { path: string; found: number; warn: (message: string) => void },
): void {
  if (size === null || size === found) return;
  warn(`${path} has ${found} problems; the whole of ${name} has ${size}`);
}

function pairs(flag: string, texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new MgrpoError('USAGE', `${flag} "${text}" is not NAME=VALUE`);
      return [text.slice(0, at).trim(), text.slice(at + 1).trim()] as const;
    }),
  );
}

function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value;
  throw new MgrpoError('USAGE', `${flag}: give a whole number from 1, not "${text}"`);
}
