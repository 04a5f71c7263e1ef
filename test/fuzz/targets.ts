import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerOf, canonicalAnswer, extractors } from '@mgrpo/answers';
import { loadModelFolder, readJournal, readMetrics, SafetensorsFile } from '@mgrpo/checkpoint';
import { loadRunConfig, parseRunConfig } from '@mgrpo/config';
import { arithmeticCharacters, defaultColumns, readQuestions } from '@mgrpo/datasets';
import { parseModelConfig } from '@mgrpo/model';
import {
  evaluateJobSchema,
  learnJobSchema,
  parseMessage,
  payloadRefSchema,
  rolloutJobSchema,
  voteJobSchema,
} from '@mgrpo/queues';
import { contracts, decodeMessage, decodeStored, encodeStored } from '@mgrpo/rpc';
import { decodeRollouts, encodeRollouts, trainingSequences } from '@mgrpo/service';
import { loadTokenizer } from '@mgrpo/tokenizer';
import type fc from 'fast-check';
import { encodeRecord } from '../../libs/checkpoint/src/journal-record.ts';
import { saveRandomModel } from '../random-model.ts';
import { mutatedBytes, mutatedJson, textOf } from './mutations.ts';

/** A door through which input comes: it may refuse with an MgrpoError, and nothing else. */
export interface FuzzTarget {
  readonly name: string;
  readonly input: fc.Arbitrary<unknown>;
  /** Of 10,000 cases this share is run: 1, or less where each case writes files. */
  readonly share: number;
  feed(input: never): unknown;
}

/** Every door, with valid inputs made in `folder`. */
export async function fuzzTargets(folder: string): Promise<FuzzTarget[]> {
  const base = join(folder, 'base');
  await saveRandomModel(base, { characters: arithmeticCharacters, maxPositions: 64 });
  return [
    ...answerTargets(),
    ...messageTargets(),
    ...configTargets(folder, base),
    ...fileTargets(folder, base),
  ];
}

function target<Input>(
  name: string,
  input: fc.Arbitrary<Input>,
  feed: (input: Input) => unknown,
  share = 1,
): FuzzTarget {
  return { name, input, feed: feed as FuzzTarget['feed'], share };
}

const latex =
  '\\frac \\dfrac \\sqrt \\boxed \\text \\left( \\right) \\{ \\} \\begin{pmatrix} \\end{pmatrix} \\pi \\cdot \\times \\% \\circ \\le \\cup \\infty \\in \\pm & \\\\ { } [ ] ( ) ^ _ | , ; : = < > + - * / ! ? . % $ $$ 0 1 2 7 10 1,000 3.14 1e9 x y n A B (C) yes mph -> # #### #### answer Answer: the is and or \n'.split(
    ' ',
  );

function answerTargets(): FuzzTarget[] {
  const names = Object.keys(extractors) as (keyof typeof extractors)[];
  return [
    target('answers', textOf(latex), (text) => {
      for (const name of names) answerOf(text, name);
      canonicalAnswer(text);
    }),
  ];
}

const rolloutJob = {
  runId: 'run',
  purpose: 'train',
  role: 'policy',
  iteration: 3,
  weightVersion: 2,
  prompts: [{ prompt: 0, tokens: [1, 2, 3] }],
  firstRollout: 0,
  numRollouts: 4,
  sampling: { temperature: 1, topP: 1, topK: 0, maxResponseTokens: 8, selfCertainty: false },
  key: 'mgrpo:run:train',
};
const learnJob = { runId: 'run', iteration: 3, weightVersion: 2 };
const jobs = [
  rolloutJob,
  { ...learnJob, prompts: rolloutJob.prompts, gold: null, key: 'verdict' },
  learnJob,
  { runId: 'run', version: 3 },
  { key: 'mgrpo:run', sha256: '0'.repeat(64), finishedAtMs: 1 },
];

function messageTargets(): FuzzTarget[] {
  const rollout = (index: number) => ({
    index,
    tokens: Int32Array.of(3, 4, 1),
    logprobs: Float32Array.of(-1, -2, -0.5),
    entropies: Float32Array.of(1, 0.5, 0.25),
    selfCertainties: null,
    finishReason: 'stop' as const,
  });
  const { runId, iteration, weightVersion } = rolloutJob;
  const part = { runId, iteration, weightVersion, prompt: 0, role: 'policy' as const };
  const payload = encodeRollouts([
    { ...part, firstRollout: 0, rollouts: [rollout(0), rollout(1)] },
  ]);
  const { chunks } = decodeStored(contracts.RolloutBatch, payload, 'a batch');
  const member = { role: 'ROLE_POLICY' as const, trains: true, numTokens: 3, advantage: 0.5 };
  const batch = encodeStored(contracts.TrainingBatch, {
    ...learnJob,
    rollouts: chunks,
    groups: [
      {
        ...learnJob,
        promptTokenIds: [1, 2],
        members: [0, 1].map((i) => ({ ...member, index: i })),
      },
    ],
  });
  return [
    target('rollout payloads', mutatedBytes([payload]), (bytes) => decodeRollouts(bytes, 'it')),
    target('training batches', mutatedBytes([batch]), (bytes) =>
      trainingSequences(decodeStored(contracts.TrainingBatch, bytes, 'it')),
    ),
    target('vote requests', mutatedBytes([batch, payload]), (bytes) =>
      decodeMessage(contracts.VoteRequest, bytes, 'it'),
    ),
    target('jobs', mutatedJson(jobs), (value) => {
      const readers = [
        () => parseMessage(rolloutJobSchema, value, 'it'),
        () => parseMessage(voteJobSchema, value, 'it'),
        () => parseMessage(learnJobSchema, value, 'it'),
        () => parseMessage(evaluateJobSchema, value, 'it'),
        () => parseMessage(payloadRefSchema, value, 'it'),
      ];
      const refusals = readers.flatMap(refusalOf);
      if (refusals.length === readers.length) throw refusals[0];
    }),
  ];
}

function refusalOf(read: () => unknown): unknown[] {
  try {
    read();
    return [];
  } catch (error) {
    return [error];
  }
}

function configTargets(folder: string, base: string): FuzzTarget[] {
  const recipe = readFileSync(join(import.meta.dirname, '../../recipes/arithmetic.yaml'));
  const file = join(folder, 'recipe.yaml');
  writeFileSync(file, recipe);
  const config = loadRunConfig({ file, environment: {}, overrides: [] });
  const model = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8')) as object;
  const newer = { ...model, rope_parameters: { rope_type: 'default', rope_theta: 10_000 } };
  return [
    target(
      'stored configurations',
      mutatedJson([config]),
      (value) => parseRunConfig(value, 'it'),
      0.2,
    ),
    target(
      'recipes',
      mutatedBytes([recipe]),
      (bytes) => {
        writeFileSync(file, bytes);
        loadRunConfig({ file, environment: {}, overrides: [] });
      },
      0.1,
    ),
    target('model configurations', mutatedJson([model, newer]), (value) => parseModelConfig(value)),
  ];
}

function fileTargets(folder: string, base: string): FuzzTarget[] {
  const file = join(folder, 'input');
  const on = <Result>(read: (path: string) => Result) => {
    return (bytes: Uint8Array): Result => {
      writeFileSync(file, bytes);
      return read(file);
    };
  };
  const weights = readFileSync(join(base, 'model.safetensors'));
  const journal = join(folder, 'journal');
  mkdirSync(journal);
  const rows = ['{"prompt":"1+1=","answer":"2"}', '{"prompt":"6*7=","answer":"42","x":[1]}'];
  const record =
    '{"kind":"iteration","iteration":0,"policySha256":"0"}\n{"kind":"evaluation","version":1}\n';
  const text = (value: string) => [Buffer.from(value)];
  return [
    // The header and a little of what follows: where a reader can be led astray.
    target(
      'safetensors',
      mutatedBytes([weights.subarray(0, 3000)]),
      on(async (path) => {
        await (await SafetensorsFile.open(path)).close();
      }),
      0.2,
    ),
    target(
      'journals',
      mutatedBytes([encodeRecord(0, Buffer.from('a batch')).record]),
      async (bytes) => {
        writeFileSync(join(journal, '000000001.log'), bytes);
        for await (const _payload of readJournal(journal, () => {}));
      },
      0.2,
    ),
    target('metrics', mutatedBytes(text(record)), on(readMetrics), 0.2),
    target(
      'prompts',
      mutatedBytes(text(`${rows.join('\n')}\n`)),
      async (bytes) => {
        const path = join(folder, 'prompts.jsonl');
        writeFileSync(path, bytes);
        await readQuestions(path, 'gold', questionOptions);
      },
      0.2,
    ),
    ...modelFolderTargets(base),
  ];
}

const questionOptions = {
  maxPromptTokens: 64,
  tooLong: 'truncate' as const,
  encode: async (questions: readonly { prompt: string }[]) =>
    questions.map(({ prompt }) => Int32Array.from(Buffer.from(prompt))),
  canonical: canonicalAnswer,
  columns: defaultColumns,
};

/** A model folder in which one file is not as it should be. */
function modelFolderTargets(base: string): FuzzTarget[] {
  const damaged = (name: string, read: (folder: string) => Promise<unknown>) => {
    const path = join(base, name);
    const valid = readFileSync(path);
    return async (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      try {
        await read(base);
      } finally {
        writeFileSync(path, valid);
      }
    };
  };
  const file = (name: string) => mutatedBytes([readFileSync(join(base, name))]);
  return [
    target('config.json', file('config.json'), damaged('config.json', loadModelFolder), 0.1),
    target('tokenizer.json', file('tokenizer.json'), damaged('tokenizer.json', loadTokenizer), 0.1),
  ];
}
