import { MgrpoError } from '@mgrpo/errors';
import type { AnswerForm, Benchmark, ColumnNames } from './benchmark.ts';

const boxedTemplate =
  '{question}\n\nPlease reason step by step, and put your final answer within \\boxed{}.';
const letterTemplate =
  '{question}\n\nPlease reason step by step, and put the letter of your choice within \\boxed{}.';

const questionNames: ColumnNames = ['prompt', 'problem', 'question', 'Problem', 'Question'];
const answerNames: ColumnNames = ['answer', 'Answer', 'final_answer', 'expected_answer'];

type BoxedForm = Extract<AnswerForm, { kind: 'boxed' }>;
type ChoiceForm = Extract<AnswerForm, { kind: 'choice' }>;

const boxed = (options: Partial<Pick<BoxedForm, 'template' | 'columns' | 'worked'>> = {}) => ({
  kind: 'boxed' as const,
  template: boxedTemplate,
  columns: { question: questionNames, answer: answerNames },
  ...options,
});

const choice = (options: Partial<Pick<ChoiceForm, 'separate'>> = {}) => ({
  kind: 'choice' as const,
  template: letterTemplate,
  columns: {
    question: questionNames,
    answer: [...answerNames, 'answer_index', 'label'],
    choices: ['choices', 'options'],
  },
  ...options,
});

// Table 4 has 3,072 for training; the paper names no other for evaluation.
const defaults = { samples: 1, maxTokens: 3072, isPrivate: false };

/** The subjects of MMLU that Qwen2.5-Math's evaluation calls STEM. */
const stemSubjects = [
  'abstract_algebra',
  'astronomy',
  'college_biology',
  'college_chemistry',
  'college_computer_science',
  'college_mathematics',
  'college_physics',
  'computer_security',
  'conceptual_physics',
  'electrical_engineering',
  'elementary_mathematics',
  'high_school_biology',
  'high_school_chemistry',
  'high_school_computer_science',
  'high_school_mathematics',
  'high_school_physics',
  'high_school_statistics',
  'machine_learning',
];

const gpqaForm = choice({
  separate: {
    right: ['Correct Answer'],
    wrong: [['Incorrect Answer 1'], ['Incorrect Answer 2'], ['Incorrect Answer 3']],
  },
});

/** Every benchmark of `mgrpo eval`; a new one is one more record. */
export const benchmarks: readonly Benchmark[] = [
  {
    ...defaults,
    name: 'math500',
    title: 'MATH-500',
    files: ['math500', 'math_500'],
    source: 'HuggingFaceH4/MATH-500',
    size: 500,
    answer: boxed(),
  },
  {
    ...defaults,
    name: 'math-test',
    title: 'MATH, test split',
    files: ['math_test', 'math'],
    source: 'hendrycks/competition_math',
    size: 5000,
    answer: boxed({ worked: { column: ['solution'], form: 'boxed' } }),
  },
  {
    ...defaults,
    name: 'gsm8k',
    title: 'GSM8K, test split',
    files: ['gsm8k_test', 'gsm8k'],
    source: 'openai/gsm8k',
    size: 1319,
    answer: boxed({ worked: { column: ['answer'], form: 'hashes' } }),
  },
  {
    ...defaults,
    name: 'svamp',
    title: 'SVAMP',
    files: ['svamp', 'svamp_test'],
    source: 'ChilleD/SVAMP',
    size: 1000,
    answer: boxed({
      columns: { question: [...questionNames, 'question_concat'], answer: answerNames },
    }),
  },
  {
    ...defaults,
    name: 'amc23',
    title: 'AMC 12, 2023',
    files: ['amc23', 'amc_23'],
    source: 'math-ai/amc23',
    size: 40,
    answer: boxed(),
  },
  {
    ...defaults,
    name: 'aime24',
    title: 'AIME 2024',
    files: ['aime24', 'aime_2024', 'aime2024'],
    source: 'math-ai/aime24',
    size: 30,
    samples: 8,
    answer: boxed(),
  },
  {
    ...defaults,
    name: 'aime25',
    title: 'AIME 2025',
    files: ['aime25', 'aime_2025', 'aime2025'],
    source: 'math-ai/aime25',
    size: 30,
    samples: 8,
    answer: boxed(),
  },
  {
    ...defaults,
    name: 'minerva',
    title: 'Minerva (MIT OpenCourseWare)',
    files: ['minerva', 'minerva_math', 'minervamath'],
    source: 'math-ai/minervamath',
    size: 272,
    answer: boxed(),
  },
  {
    ...defaults,
    name: 'olympiadbench',
    title: 'OlympiadBench, open-ended mathematics in English',
    files: ['olympiadbench', 'olympiadbench_oe_to_maths_en', 'OE_TO_maths_en_COMP'],
    source: 'Hothan/OlympiadBench (OE_TO_maths_en_COMP)',
    size: 675,
    answer: boxed({
      template: `${boxedTemplate} If there are several answers, list them in one \\boxed{}, separated by commas.`,
    }),
  },
  {
    ...defaults,
    name: 'mmlu-stem',
    title: 'MMLU, the 18 STEM subjects',
    files: ['mmlu_stem', 'mmlu_test', 'mmlu'],
    source: 'cais/mmlu',
    size: 3018,
    rows: { column: ['subject', 'type'], values: stemSubjects },
    answer: choice(),
  },
  {
    ...defaults,
    name: 'mmlu-pro',
    title: 'MMLU-Pro',
    files: ['mmlu_pro', 'mmlu_pro_test'],
    source: 'TIGER-Lab/MMLU-Pro',
    size: 12_032,
    answer: choice(),
  },
  {
    ...defaults,
    name: 'gpqa',
    title: 'GPQA, main set',
    files: ['gpqa_main', 'gpqa'],
    source: 'Idavidrein/gpqa (gated)',
    size: 448,
    isPrivate: true,
    answer: gpqaForm,
  },
  {
    ...defaults,
    name: 'gpqa-diamond',
    title: 'GPQA Diamond',
    files: ['gpqa_diamond'],
    source: 'Idavidrein/gpqa (gated)',
    size: 198,
    samples: 8,
    isPrivate: true,
    answer: gpqaForm,
  },
  {
    ...defaults,
    name: 'mbpp',
    title: 'MBPP, test split',
    files: ['mbpp', 'mbpp_test'],
    source: 'google-research-datasets/mbpp',
    size: 500,
    rows: { column: ['split'], values: ['test'] },
    answer: {
      kind: 'python',
      form: 'asserts',
      template:
        '{question} Your code should pass these tests:\n\n{tests}\n\nWrite it in one ```python block.',
      limits: { seconds: 10, memoryMiB: 512 },
    },
  },
  {
    ...defaults,
    name: 'livecodebench',
    title: 'LiveCodeBench, code generation',
    files: ['livecodebench', 'code_generation_lite'],
    source: 'livecodebench/code_generation_lite',
    size: null,
    answer: {
      kind: 'python',
      form: 'contest',
      template: '{question}\n\n{format}',
      limits: { seconds: 6, memoryMiB: 1024 },
    },
  },
];

/** The benchmark of a name; USAGE lists those there are. */
export function benchmarkNamed(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found !== undefined) return found;
  const names = benchmarks.map((benchmark) => benchmark.name).join(', ');
  throw new MgrpoError('USAGE', `there is no benchmark "${name}"; choose from ${names}`);
}
