import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, onTestFinished, test } from 'vitest';
import { dataSha256 } from './content-hash.ts';
import { readEvaluationPrompts, readTrainingPrompts, trainingReaders } from './prompts.ts';
import { openRows } from './rows.ts';

type Columns = Parameters<typeof parquetWriteBuffer>[0]['columnData'];
type Options = Omit<Parameters<typeof parquetWriteBuffer>[0], 'columnData'>;

function parquet(columnData: Columns, options: Options = {}): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
}

/** A folder with these files; its path. */
async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-rows-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  return join(await folderOf({ [name]: content }), name);
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

const questions = (...prompts: string[]) =>
  parquet([{ name: 'prompt', data: prompts, type: 'STRING' }]);
const promptsOf = async (path: string) =>
  (await readTrainingPrompts(path)).prompts.map(({ prompt }) => prompt);
const columns = (names: Record<string, string>) => ({
  ...{ id: 'id', prompt: 'prompt', answer: 'answer', rephrasings: 'rephrasings' },
  ...names,
});

const cells: Columns = [
  { name: 'id', data: [1, 2n ** 60n, 3].map(BigInt), type: 'INT64' },
  { name: 'prompt', data: ['1+1=', '2+2= é', '3+3='], type: 'STRING' },
  { name: 'answer', data: ['2', null, ' '], type: 'STRING' },
];
const zstd = { ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes)) };

test.each([
  ['snappy', {}],
  ['no compression', { codec: 'UNCOMPRESSED' }],
  ['zstd', { codec: 'ZSTD', compressors: zstd }],
  ['a row group for each row', { rowGroupSize: 1 }],
] satisfies [string, Options][])(
  'Parquet with %s is read as JSON lines are',
  async (_name, options) => {
    const path = await fileOf('train.parquet', parquet(cells, options));
    expect(await readTrainingPrompts(path)).toEqual({
      prompts: [
        { id: '1', prompt: '1+1=' },
        { id: '1152921504606846976', prompt: '2+2= é' },
        { id: '3', prompt: '3+3=' },
      ],
      numLeftOut: 0,
      emptyAnswerLines: [3],
    });
    expect((await readEvaluationPrompts(path)).prompts).toEqual([
      { id: '1', prompt: '1+1=', answer: '2' },
    ]);
  },
);

test('only the columns that are needed are decoded, row group by row group', async () => {
  const path = await fileOf('a.parquet', parquet(cells, { rowGroupSize: 2 }));
  const rows = await all(openRows(path, { columns: ['prompt', 'other'] }));
  expect(rows[2]).toEqual({
    where: `${path}, row 3`,
    number: 3,
    values: { prompt: '3+3=' },
  });
  const [first] = await all(openRows(path));
  expect(Object.keys(first!.values)).toEqual(['id', 'prompt', 'answer']);
});

test('columns are named by the configuration, structures by dotted paths, chats are joined', async () => {
  const chat = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: '1+1=' },
  ];
  const rows = [{ prompt: chat, reward_model: { ground_truth: 2 }, 'extra.id': 'a' }];
  const names = columns({ id: 'extra.id', answer: 'reward_model.ground_truth' });
  const parts = { system: 'Be brief.', user: '1+1=' };
  const expected = [{ id: 'a', prompt: 'Be brief.\n\n1+1=', chat: parts, answer: '2' }];
  const json = await fileOf('rows.jsonl', JSON.stringify(rows[0]));
  expect((await readEvaluationPrompts(json, names)).prompts).toEqual(expected);
  const schema = [
    { name: 'root', num_children: 3 },
    { name: 'prompt', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', num_children: 2 },
    ...['role', 'content'].map(text),
    { name: 'reward_model', repetition_type: 'OPTIONAL', num_children: 1 },
    { name: 'ground_truth', repetition_type: 'OPTIONAL', type: 'INT64' },
    text('extra.id'),
  ] as NonNullable<Options['schema']>;
  const data: Columns = [
    { name: 'prompt', data: rows.map((row) => row.prompt) },
    { name: 'reward_model', data: [{ ground_truth: 2n }] },
    { name: 'extra.id', data: ['a'] },
  ];
  const path = await fileOf('rows.parquet', parquet(data, { schema }));
  expect((await readEvaluationPrompts(path, names)).prompts).toEqual(expected);
});

const text = (name: string) => ({
  name,
  type: 'BYTE_ARRAY' as const,
  converted_type: 'UTF8' as const,
  repetition_type: 'OPTIONAL' as const,
});

test('list columns hold rephrasings', async () => {
  const schema = [
    { name: 'root', num_children: 2 },
    text('prompt'),
    { name: 'others', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    text('element'),
  ] as NonNullable<Options['schema']>;
  const data: Columns = [
    { name: 'prompt', data: ['1+1=', '2+2='] },
    { name: 'others', data: [['0+2=', '2-0='], null] },
  ];
  const path = await fileOf('rows.parquet', parquet(data, { schema }));
  const read = trainingReaders['other-wording'];
  expect(await read(path, columns({ rephrasings: 'others' }))).toMatchObject({
    prompts: [{ id: '1', prompt: '1+1=', rephrasings: ['0+2=', '2-0='] }],
    numLeftOut: 1,
  });
});

test.each([
  [
    'a column that is not there',
    { prompt: 'question' },
    /rows\.parquet, row 1 "question" is missing; .*prompts\.columns \(the row has: prompt, n, chat\)/,
  ],
  ['a column of numbers', { prompt: 'n' }, /row 1 "n" must be text, not 1/],
  ['a chat that is answered', { prompt: 'chat' }, /row 1 "chat\.1" must be text, or a chat of/],
  ['a column of structures', { id: 'chat' }, /row 1 "chat" must be text or a number, not \[/],
])('%s is named with its row', async (_name, names, message) => {
  const chat = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
  ];
  const data: Columns = [
    { name: 'prompt', data: ['x'], type: 'STRING' },
    { name: 'n', data: [1], type: 'INT32' },
    { name: 'chat', data: [chat], type: 'JSON' },
  ];
  const path = await fileOf('rows.parquet', parquet(data));
  await expect(readTrainingPrompts(path, columns(names))).rejects.toThrow(message);
});

test('numeric ids and answers are text, with every digit', async () => {
  const rows =
    '{"id":12345678901234567890,"prompt":"x","answer":-7}\n{"id":7,"prompt":"y","answer":0.5}';
  const path = await fileOf('rows.jsonl', rows);
  expect((await readEvaluationPrompts(path)).prompts).toEqual([
    { id: '12345678901234567890', prompt: 'x', answer: '-7' },
    { id: '7', prompt: 'y', answer: '0.5' },
  ]);
});

test('a .json file is one list or JSON lines', async () => {
  expect(await promptsOf(await fileOf('a.json', '[{"prompt":"x"},\n{"prompt":"y"}]'))).toEqual([
    'x',
    'y',
  ]);
  expect(await promptsOf(await fileOf('a.json', '{"prompt":"x"}\n{"prompt":"y"}'))).toEqual([
    'x',
    'y',
  ]);
  expect(await promptsOf(await fileOf('a.json', '\ufeff[{"prompt":"x"}]'))).toEqual(['x']);
  const foreign = Buffer.from('[{"prompt":"\xe9"}]', 'latin1');
  await expect(promptsOf(await fileOf('a.json', foreign))).rejects.toThrow('a.json is no UTF-8');
  await expect(promptsOf(await fileOf('a.json', '[{"prompt":"x"},3]'))).rejects.toThrow(
    'a.json, row 2 is no JSON object',
  );
  await expect(promptsOf(await fileOf('a.json', '[{"prompt":'))).rejects.toThrow(
    'a.json is no JSON (',
  );
});

test('a damaged or foreign file is named', async () => {
  const whole = questions(...Array.from({ length: 500 }, (_, i) => `${i} ${Math.sin(i)}`));
  const cut = await fileOf('cut.parquet', whole.subarray(0, whole.length >> 1));
  await expect(promptsOf(cut)).rejects.toThrow(
    /cut\.parquet is no whole Parquet file \(.*copy it again/,
  );
  const holed = Uint8Array.from(whole).fill(0xff, 8, 600);
  await expect(promptsOf(await fileOf('holed.parquet', holed))).rejects.toThrow(
    /rows 1 to 500 of .*holed\.parquet are damaged/,
  );
  await expect(promptsOf(await fileOf('tiny.parquet', 'PAR1'))).rejects.toThrow('no whole Parquet');
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n';
  await expect(promptsOf(await fileOf('lfs.parquet', pointer))).rejects.toThrow('git lfs pull');
});

test('a Hub folder: its shards in order, splits by their names', async () => {
  const folder = await folderOf({
    'data/train-00001-of-00002.parquet': questions('c'),
    'data/train-00000-of-00002.parquet': questions('a', 'b'),
    'data/test-00000-of-00001.parquet': questions('t'),
    '.git/train.parquet': 'not data',
    'README.md': '# Questions\n',
  });
  const { prompts } = await readTrainingPrompts(`${folder}#train`);
  expect(prompts.map(({ id, prompt }) => id + prompt)).toEqual(['1a', '2b', '3c']);
  expect(await promptsOf(`${folder}#test`)).toEqual(['t']);
  await expect(promptsOf(folder)).rejects.toThrow(
    `${folder} holds the splits test, train; say which, like ${folder}#test`,
  );
  await expect(promptsOf(`${folder}#dev`)).rejects.toThrow(
    'has no split "dev"; it has test, train',
  );
  await rm(join(folder, 'data/train-00001-of-00002.parquet'));
  await expect(promptsOf(`${folder}#train`)).rejects.toThrow(
    /train-00001-of-00002\.parquet is missing: .* is one of 2 parts/,
  );
});

const card = `---
license: mit
configs:
- config_name: main
  default: true
  data_files:
  - split: train
    path: main/train-*
  - split: test
    path: [main/te?t.jsonl]
- config_name: hard
  data_dir: other
  data_files: "**/*.jsonl"
---
# A data set
`;

test('a Hub folder: configurations and splits of its card', async () => {
  const folder = await folderOf({
    'README.md': card,
    'main/train-1.parquet': questions('a'),
    'main/train-2.parquet': questions('b'),
    'main/test.jsonl': '{"prompt":"t"}',
    'other/x/deep.jsonl': '{"prompt":"h1"}',
    'other/flat.jsonl': '{"prompt":"h2"}',
  });
  expect(await promptsOf(`${folder}#train`)).toEqual(['a', 'b']);
  expect(await promptsOf(`${folder}#main/test`)).toEqual(['t']);
  expect(await promptsOf(`${folder}#hard/train`)).toEqual(['h2', 'h1']);
  await rm(join(folder, 'main/test.jsonl'));
  await expect(promptsOf(`${folder}#test`)).rejects.toThrow('has no files; see its README.md');
  await writeFile(join(folder, 'README.md'), '---\nconfigs: [\n---\n');
  await expect(promptsOf(folder)).rejects.toThrow(/README\.md: its YAML header can't be read/);
  await writeFile(join(folder, 'README.md'), '---\nconfigs:\n- data_files: [{split: 3}]\n---\n');
  await expect(promptsOf(folder)).rejects.toThrow('configs.data_files must be names');
});

test('a folder of one split needs no name for it; one without data is refused', async () => {
  expect(await promptsOf(await folderOf({ 'questions.jsonl': '{"prompt":"x"}' }))).toEqual(['x']);
  const mixed = await folderOf({ 'a.jsonl': '{"prompt":"x"}', 'b.parquet': questions('y') });
  await expect(promptsOf(mixed)).rejects.toThrow(/several forms \(a\.jsonl, b\.parquet\)/);
  await expect(promptsOf(await folderOf({ 'notes.txt': '' }))).rejects.toThrow('holds no .jsonl');
  await expect(promptsOf('/absent#train')).rejects.toThrow("can't read /absent: there is no such");
});

test('rows that are the same in two shards are told by file', async () => {
  const row = '{"id":"a","prompt":"x"}';
  const folder = await folderOf({ '1.jsonl': row, '2.jsonl': row });
  await expect(promptsOf(folder)).rejects.toThrow(
    `${join(folder, '2.jsonl')}:1 "id" "a" is that of ${join(folder, '1.jsonl')}:1 too`,
  );
});

test('the hash is that of the one file, and of all shards', async () => {
  const shards = { 'train-1.jsonl': '{"prompt":"x"}', 'train-2.jsonl': '{"prompt":"y"}' };
  const folder = await folderOf(shards);
  const [one, same, other] = await Promise.all([
    dataSha256(folder),
    dataSha256(await folderOf(shards)),
    dataSha256(await folderOf({ ...shards, 'train-2.jsonl': '{"prompt":"z"}' })),
  ]);
  expect(one).toBe(same);
  expect(one).not.toBe(other);
  const path = join(folder, 'train-1.jsonl');
  expect(await dataSha256(path)).toBe(
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  );
});
