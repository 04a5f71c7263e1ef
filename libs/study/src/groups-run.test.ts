import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunFolder } from '@mgrpo/checkpoint';
import { parseRunConfig } from '@mgrpo/config';
import { readEvaluationPrompts } from '@mgrpo/datasets';
import { contracts, encodeStored, type GroupVerdict } from '@mgrpo/rpc';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { expect, onTestFinished, test } from 'vitest';
import { readRunGroups } from './groups-run.ts';

const model = join(import.meta.dirname, '../../../models/arithmetic-base');
const train = join(import.meta.dirname, '../../../recipes/data/arithmetic/train.jsonl');
const quiet = { prompts: null, warn: () => {} };

/** A run folder whose journal holds one iteration of these groups. */
async function runWith(groups: readonly GroupVerdict[] | null, method = 'mgrpo'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const given = {
    iterations: 1,
    model: { path: model },
    prompts: { train, maxPromptTokens: 16 },
    algorithm: { method, groupSize: 2, momentumRollouts: method === 'mgrpo' ? 1 : null },
    answer: { extractor: 'after-arrow' },
  };
  const config = { ...parseRunConfig(given, 'the test') };
  const run = await RunFolder.create(folder, { config, manifest: { runId: 'a' } }, quiet);
  const journal = await run.openJournal(await run.takeEpoch());
  const batch = { runId: 'a', iteration: 0, groups: [...(groups ?? [])] };
  if (groups !== null) await journal.append(0, encodeStored(contracts.TrainingBatch, batch));
  await journal.close();
  return folder;
}

const group: GroupVerdict = {
  prompt: 1,
  hasLabel: true,
  pseudoLabel: '4',
  numVotes: 1,
  members: [
    { role: 'ROLE_POLICY', entropy: 0.1, numTokens: 3, votes: true, trains: true, answer: '4' },
    { role: 'ROLE_MOMENTUM', entropy: 1 / 3, numTokens: 2, dropped: 'no-answer', selfCertainty: 0 },
  ],
};

test("a run's journal gives back its groups; gold answers are not in it", async () => {
  const { title, algorithm, groups } = await readRunGroups(await runWith([group]), quiet);
  expect(title).toContain('mgrpo-run-');
  expect(algorithm).toMatchObject({ method: 'mgrpo', groupSize: 2 });
  const policy = { role: 'policy', index: 0, answer: '4', entropy: 0.1, numTokens: 3 };
  const momentum = { role: 'momentum', index: 0, answer: null, entropy: 1 / 3, numTokens: 2 };
  expect(groups).toEqual([
    {
      iteration: 0,
      prompt: 1,
      gold: null,
      label: '4',
      outcomes: ['votes-and-trains', 'no-answer'],
      members: [
        { ...policy, selfCertainty: null },
        { ...momentum, selfCertainty: 0 },
      ],
    },
  ]);
});

test('gold answers are those of the prompts file that is named, found by the prompt', async () => {
  const [first] = (await readEvaluationPrompts(train)).prompts;
  const tokens = (await loadTokenizer(model)).encode(first!.prompt);
  const asked = { ...group, promptTokenIds: [...tokens] };
  const folder = await runWith([asked, group]);
  const { groups } = await readRunGroups(folder, { ...quiet, prompts: train });
  expect(groups.map(({ gold }) => gold)).toEqual([first!.answer, null]);
});

test('the label of a run on gold answers is the gold answer', async () => {
  const { groups } = await readRunGroups(await runWith([group], 'grpo'), quiet);
  expect(groups.map(({ gold }) => gold)).toEqual(['4']);
});

test('what can’t be replayed is refused with the reason', async () => {
  const old = { ...group, members: group.members!.map(({ answer: _, ...rest }) => rest) };
  await expect(readRunGroups(await runWith([old]), quiet)).rejects.toThrow(/did not keep them/);
  await expect(readRunGroups(await runWith(null), quiet)).rejects.toThrow(/has no groups yet/);
  await expect(readRunGroups(tmpdir(), quiet)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
