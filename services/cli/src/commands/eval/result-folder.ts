import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProblemOutcome } from '@mgrpo/benchmarks';
import { MgrpoError, messageOf } from '@mgrpo/errors';

/** A finished problem: one line of the result file. */
export interface ProblemResult extends ProblemOutcome {
  readonly benchmark: string;
  readonly id: string;
  /** What the model wrote, where that was asked for and may be kept. */
  readonly responses?: readonly string[];
}

/** Everything that results depend on, as JSON. Results made under other settings never mix. */
export type EvalSettings = Readonly<Record<string, unknown>>;

export const resultFiles = {
  settings: 'settings.json',
  results: 'results.jsonl',
  summary: 'summary.json',
} as const;

/** The folder of an evaluation: settings, finished problems, and at the end the summary. */
export class ResultFolder {
  readonly path: string;
  readonly #results: ProblemResult[];

  private constructor(path: string, results: ProblemResult[]) {
    this.path = path;
    this.#results = results;
  }

  /** Makes the folder; USAGE when it holds an evaluation, or results of nobody knows which settings. */
  static async create(path: string, settings: EvalSettings): Promise<ResultFolder> {
    await mkdir(path, { recursive: true });
    const text = `${JSON.stringify(settings, null, 2)}\n`;
    const results = join(path, resultFiles.results);
    const isTaken = existsSync(join(path, resultFiles.settings));
    if (!isTaken && (statSync(results, { throwIfNoEntry: false })?.size ?? 0) > 0) {
      const what = `${results} holds results without their ${resultFiles.settings}`;
      throw new MgrpoError('USAGE', `${what}; move it away, or give another --out`);
    }
    try {
      await writeFile(join(path, resultFiles.settings), text, { flag: 'wx' });
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
      const remedy = 'go on with it by --resume, or give another --out';
      throw new MgrpoError('USAGE', `${path} already holds an evaluation; ${remedy}`);
    }
    return new ResultFolder(path, []);
  }

  /** Opens a folder to go on with; INCOMPATIBLE names the setting that differs. */
  static async resume(path: string, settings: EvalSettings): Promise<ResultFolder> {
    const stored = await readSettings(path);
    const difference = firstDifference(stored, JSON.parse(JSON.stringify(settings)), '');
    if (difference !== null) {
      throw new MgrpoError(
        'INCOMPATIBLE',
        `${path} was made with another ${difference}; give what it was made with, or another --out`,
      );
    }
    return new ResultFolder(path, await readResults(join(path, resultFiles.results)));
  }

  /** What is done, in the order in which it was. */
  get results(): readonly ProblemResult[] {
    return this.#results;
  }

  /** Stores a finished problem: one write, so that a process that is killed leaves whole lines. */
  async append(result: ProblemResult): Promise<void> {
    this.#results.push(result);
    await appendFile(join(this.path, resultFiles.results), `${JSON.stringify(result)}\n`);
  }

  async writeSummary(summary: unknown): Promise<void> {
    const path = join(this.path, resultFiles.summary);
    await writeFile(`${path}.new`, `${JSON.stringify(summary, null, 2)}\n`);
    await rename(`${path}.new`, path);
  }
}

/** Names an evaluation by everything that it depends on. */
export function settingsHash(settings: EvalSettings): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex');
}

async function readSettings(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(path, resultFiles.settings), 'utf8'));
  } catch (error) {
    const what = isCode(error, 'ENOENT')
      ? `${path} holds no evaluation to resume; without --resume one begins there`
      : `can't read ${join(path, resultFiles.settings)} (${messageOf(error)}); give another --out`;
    throw new MgrpoError('USAGE', what, { cause: error });
  }
}

async function readResults(path: string): Promise<ProblemResult[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
  // What follows the last line end was cut short: that problem is done again.
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole < bytes.length) await truncate(path, whole);
  const lines = bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
  return lines.map((line, i) => {
    const result = parseResult(line);
    if (result !== null) return result;
    const what = `${path}:${i + 1} is no result of a problem`;
    throw new MgrpoError('CORRUPT', `${what}; delete the line, and it is done again`);
  });
}

/** Null unless the line is what `append` writes. */
function parseResult(line: string): ProblemResult | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { benchmark, id, answers, right, tokens, numCut } = value;
  const isNamed = typeof benchmark === 'string' && typeof id === 'string';
  const isWhole =
    Array.isArray(answers) &&
    [right, tokens].every((list) => Array.isArray(list) && list.length === answers.length);
  return isNamed && isWhole && typeof numCut === 'number'
    ? (value as unknown as ProblemResult)
    : null;
}

/** `temperature (1, now 0.8)` of the first field that differs; null when none does. */
function firstDifference(stored: unknown, given: unknown, path: string): string | null {
  if (isObject(stored) && isObject(given)) {
    for (const key of new Set([...Object.keys(stored), ...Object.keys(given)])) {
      const inner = path === '' ? key : `${path}.${key}`;
      const difference = firstDifference(stored[key], given[key], inner);
      if (difference !== null) return difference;
    }
    return null;
  }
  const [was, is] = [stored, given].map((value) => JSON.stringify(value) ?? 'none');
  return was === is ? null : `${path} (${was}, now ${is})`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
