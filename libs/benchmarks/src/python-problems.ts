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
  const cases = [
    ...readCases(reader, contest.shown, (text) => text),
    ...readCases(reader, contest.hidden, hiddenTestsJson),
  ];
  if (cases.length === 0) throw reader.missing(contest.shown);
  return {
    kind: 'python',
    id,
    prompt: fill(form.template, { question: reader.text(contest.question).trim(), format }),
    check: contestCheck(reader, cases),
    reference: null,
  };
}

interface ContestCase extends PythonCase {
  readonly isCall: boolean;
}

function contestCheck(reader: RowReader, cases: readonly ContestCase[]): PythonCheck {
  const plain = cases.map(({ input, output }) => ({ input, output }));
  if (!cases.some(({ isCall }) => isCall)) return { kind: 'stdio', cases: plain };
  if (!cases.every(({ isCall }) => isCall)) {
    throw reader.wrong(
      contest.shown,
      'mixes cases of "stdin" and "functional" with the hidden ones',
    );
  }
  const metadata = parse(reader, contest.metadata, reader.text(contest.metadata));
  const name = (metadata as { func_name?: unknown } | null)?.func_name;
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name)) {
    throw reader.wrong(contest.metadata, 'must hold "func_name", the name of a function');
  }
  return { kind: 'calls', name, cases: plain };
}

function readCases(
  reader: RowReader,
  names: ColumnNames,
  jsonOf: (text: string) => string,
): ContestCase[] {
  const text = reader.optionalText(names);
  if (text === '') return [];
  let json: string;
  try {
    json = jsonOf(text);
  } catch (error) {
    if (!(error instanceof MgrpoError)) throw error;
    throw reader.wrong(names, error.message);
  }
  const cases = parse(reader, names, json);
  if (!Array.isArray(cases)) throw reader.wrong(names, 'must be a JSON list of cases');
  return cases.map((one: unknown) => {
    const { input, output, testtype } = (one ?? {}) as Record<string, unknown>;
    if (typeof input !== 'string' || typeof output !== 'string') {
      throw reader.wrong(names, 'has a case without "input" or "output"');
    }
    return { input, output, isCall: testtype === 'functional' };
  });
}

function parse(reader: RowReader, names: ColumnNames, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw reader.wrong(names, 'is no JSON');
  }
}
