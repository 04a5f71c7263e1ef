import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MetricsRecord, RunFolder, readMetrics, runFiles } from '@mgrpo/checkpoint';
import { contracts, decodeStored, type TrainingBatch__Output } from '@mgrpo/rpc';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { afterAll, describe, expect, it } from 'vitest';
import { mgrpo } from '../command-line.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const model = join(root, '../shared/models/stories260K');
const math = join(root, '../shared/data/math_train.jsonl');
const isThere = existsSync(model) && existsSync(math);
if (!isThere) console.log('real input: ../shared is not there, so the tests on it are skipped');

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-real-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type IterationRecord = MetricsRecord & { kind: 'iteration' };

async function iterationsOf(run: string): Promise<IterationRecord[]> {
  const records = await readMetrics(join(run, runFiles.metrics));
  return records.filter((record) => record.kind === 'iteration');
}

describe.skipIf(!isThere)('a real trained Llama with its real tokenizer', () => {
  it('trains on real MATH questions: no answers, no votes, groups dropped and counted, weights as they were', async () => {
    const run = join(folder, 'math');
    const recipe = join(root, 'recipes/math-smoke.yaml');
    const result = await mgrpo('train', recipe, '--model', model, '--prompts', math, '--run', run);
    expect(result.code).toBe(0);
    // The two rows with an empty answer, by line number, and the questions over the limit.
    expect(result.stdout).toMatch(/5342.*5344/);
    expect(result.stdout).toMatch(/too long|longer/);
    const iterations = await iterationsOf(run);
    expect(iterations).toHaveLength(5);
    for (const record of iterations) {
      if (record.hasSignal) continue;
      expect(record.reward).toBe(0);
      expect(record.groupsWithoutSignal).toBe(4);
    }
    const silent = iterations.filter((record) => !record.hasSignal);
    expect(silent.length).toBeGreaterThan(0);
    if (silent.length === 5) {
      expect(new Set(iterations.map((record) => record.policySha256)).size).toBe(1);
    }
  });

  it('trains on the names in its stories, and a step is what the paper’s formulas give by hand', async () => {
    const run = join(folder, 'names');
    const recipe = join(root, 'recipes/stories-names.yaml');
    const result = await mgrpo(
      'train',
      recipe,
      '--model',
      model,
      '--run',
      run,
      '--set',
      'deployment.logLevel=warn',
    );
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    const iterations = await iterationsOf(run);
    expect(new Set(iterations.map((record) => record.policySha256)).size).toBeGreaterThan(1);
    const batch = await journaledBatch(run, 0);
    expect(iterations[0]!.hasSignal).toBe(true);
    await expectHandComputed(batch, iterations[0]!);
  });
});

async function journaledBatch(run: string, iteration: number): Promise<TrainingBatch__Output> {
  const runFolder = await RunFolder.open(run, { warn: () => {} });
  const journal = await runFolder.openJournal(await runFolder.takeEpoch());
  const bytes = await journal.read(iteration);
  await journal.close();
  return decodeStored(contracts.TrainingBatch, bytes, 'the journal');
}

/** The first capitalised word that follows a lower-case word, written out once more. */
function nameIn(text: string): string | null {
  const words = text.split(/\s+/);
  for (let i = 1; i < words.length; i++) {
    const name = /^[A-Z][a-z]+/.exec(words[i]!)?.[0];
    if (name !== undefined && /^[a-z]+$/.test(words[i - 1]!)) return name;
  }
  return null;
}

/** Quartiles of type 7, from the definition. */
function quartile(values: readonly number[], q: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  const rank = q * (ascending.length - 1);
  const [below, above] = [ascending[Math.floor(rank)]!, ascending[Math.ceil(rank)]!];
  return below + (rank - Math.floor(rank)) * (above - below);
}

/**
 * Algorithm 1, lines 9 to 16, once more in plain code: fence, votes, rewards, advantages and the loss of an
 * on-policy step, where every ratio is 1 and the KL to the initial policy is 0, so that the loss is
 * -sum(A_i |y_i|) / sum |y_i|.
 */
async function expectHandComputed(
  batch: TrainingBatch__Output,
  record: IterationRecord,
): Promise<void> {
  const tokenizer = await loadTokenizer(model);
  let weighted = 0;
  let tokens = 0;
  for (const group of batch.groups) {
    const fence = group.members.map((member) => member.entropy);
    const [q1, q3] = [quartile(fence, 0.25), quartile(fence, 0.75)];
    const lower = q1 - 0.75 * (q3 - q1);
    expect(group.fenceLower).toBeCloseTo(lower, 12);
    const kept = group.members.filter((m) => m.role === 'ROLE_POLICY' && m.entropy >= lower);
    const rollouts = batch.rollouts
      .filter((c) => c.prompt === group.prompt)
      .flatMap((c) => c.rollouts);
    const rewards = kept.map((member): number => {
      const { tokenIds } = rollouts.find((rollout) => rollout.index === member.index)!;
      const ids = Array.from({ length: tokenIds.length / 4 }, (_, i) =>
        tokenIds.readInt32LE(4 * i),
      );
      return group.hasLabel &&
        nameIn(tokenizer.decode(ids, { skipSpecial: true })) === group.pseudoLabel
        ? 1
        : 0;
    });
    const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
    const squares = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (rewards.length - 1));
    if (!group.hasLabel) continue;
    kept.forEach((member, i) => {
      const advantage = deviation === 0 ? 0 : (rewards[i]! - mean) / (deviation + 1e-6);
      expect(member.trains).toBe(true);
      expect(member.reward).toBe(rewards[i]);
      expect(member.advantage).toBeCloseTo(advantage, 10);
      weighted += advantage * member.numTokens;
      tokens += member.numTokens;
    });
  }
  const step = record.step as { loss: number; kl: number; ratioMean: number };
  expect(step.ratioMean).toBeCloseTo(1, 4);
  expect(step.kl).toBeCloseTo(0, 6);
  expect(step.loss).toBeCloseTo(-weighted / tokens, 5);
}
