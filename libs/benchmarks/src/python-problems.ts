import { MgrpoError } from '@mgrpo/errors';
import type { AnswerForm, ColumnNames } from './benchmark.ts';
import type { RowReader } from './columns.ts';
import { fill } from './fill.ts';
import { hiddenTestsJson } from './hidden-tests.ts';
import type { PythonCase, PythonCheck, PythonProblem } from './problem.ts';

type PythonForm = Extract<AnswerForm, { kind: 'python' }>;

const mbpp = {
  question: ['prompt', 'text'],
  tests: ['test_list'],
  setup: ['test_setup_code'],
  imports: ['test_imports'],
  solution: ['answer', 'code'],
} satisfies Record<string, ColumnNames>;

/** MBPP: statements that a function must satisfy, which the prompt shows. */
export function assertsProblem(form: PythonForm, reader: RowReader, id: string): PythonProblem {
  const asserts = reader.texts(mbpp.tests);
  if (asserts === null) throw reader.missing(mbpp.tests);
  if (asserts.length === 0) throw reader.wrong(mbpp.tests, 'has no tests');
  const imports = reader.texts(mbpp.imports) ?? [];
  const setup = [...imports, reader.optionalText(mbpp.setup)].join('\n').trim();
  const question = reader.text(mbpp.question).trim();
  const solution = reader.optionalText(mbpp.solution);
  return {
    kind: 'python',
    id,
    prompt: fill(form.template, { question, tests: asserts.join('\n') }),
    check: { kind: 'asserts', setup, asserts },
    reference: solution === '' ? null : solution,
  };
}

const contest = {
  question: ['question_content', 'prompt', 'question'],
  starter: ['starter_code'],
  metadata: ['metadata'],
  shown: ['public_test_cases'],
  hidden: ['private_test_cases'],
} satisfies Record<string, ColumnNames>;

const programFormat =
  'Read the input from standard input and write the answer to standard output. ' +
  'Write the program in one ```python block.';
const starterFormat =
  'Complete this code, and write all of it in one ```python block.\n\n```python\n{starter}\n```';

/** LiveCodeBench: a program, or a method of a class, with public and hidden cases. */
export function contestProblem(form: PythonForm, reader: RowReader, id: string): PythonProblem {
  const starter = reader.optionalText(contest.starter).trimEnd();
  const format = starter === '' ? programFormat : fill(starterFormat, { starter });
  const shown = reader.optionalText(contest.shown);
  const hidden = reader.optionalText(contest.hidden);
  const shownCases = checked(reader, contest.shown, () => readCases(shown));
  // Read once to be sure of them, and not kept: a release of LiveCodeBench has gigabytes.
  const hiddenCases = checked(reader, contest.hidden, () => readCases(hiddenTestsJson(hidden)));
  if (shownCases.length + hiddenCases.length === 0) throw reader.missing(contest.shown);
  const isCall = [...shownCases, ...hiddenCases].map((one) => one.isCall);
  if (new Set(isCall).size > 1) throw reader.wrong(contest.hidden, 'has cases of another type');
  return {
    kind: 'python',
    id,
    prompt: fill(form.template, { question: reader.text(contest.question).trim(), format }),
    check: {
      kind: 'contest',
      call: isCall[0] === true ? functionName(reader) : null,
      shown,
      hidden,
    },
    reference: null,
  };
}

/** The cases of a contest problem, shown and hidden. */
export function contestCases(check: Extract<PythonCheck, { kind: 'contest' }>): PythonCase[] {
  return [...readCases(check.shown), ...readCases(hiddenTestsJson(check.hidden))];
}

function functionName(reader: RowReader): string {
  const text = reader.text(contest.metadata);
  const metadata = checked(reader, contest.metadata, () => parse(text));
  const name = (metadata as { func_name?: unknown } | null)?.func_name;
  if (typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name)) return name;
  throw reader.wrong(contest.metadata, 'must hold "func_name", the name of a function');
}

/** What `read` returns; what it finds wrong is told with row and column. */
function checked<T>(reader: RowReader, names: ColumnNames, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MgrpoError)) throw error;
    throw reader.wrong(names, error.message);
  }
}

interface ContestCase extends PythonCase {
  readonly isCall: boolean;
}

function readCases(json: string): ContestCase[] {
  if (json === '') return [];
  const cases = parse(json);
  if (!Array.isArray(cases)) throw new MgrpoError('INVALID_INPUT', 'must be a JSON list of cases');
  return cases.map((one: unknown) => {
    const { input, output, testtype } = (one ?? {}) as Record<string, unknown>;
    if (typeof input !== 'string' || typeof output !== 'string') {
      throw new MgrpoError('INVALID_INPUT', 'has a case without "input" or "output"');
    }
    return { input, output, isCall: testtype === 'functional' };
  });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new MgrpoError('INVALID_INPUT', 'is no JSON', { cause: error });
  }
}
