import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJournal } from '@mgrpo/checkpoint';
import { contracts, decodeStored, encodeStored, type TrainingBatch__Output } from '@mgrpo/rpc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeRecord } from '../../libs/checkpoint/src/journal-record.ts';
import { mgrpo } from '../command-line.ts';
import { makeWorkspace, trainSmall } from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let run: string;

beforeAll(async () => {
  workspace = await makeWorkspace();
  run = join(workspace.folder, 'run');
  await trainSmall({
    runFolder: run,
    base: workspace.base,
    set: ['lag=1', 'deployment.workers.policy=2', 'deployment.rollout.rolloutsPerJob=4'],
  });
});

afterAll(() => workspace.remove());

interface Report {
  agrees: boolean;
  fromIteration: number;
  weightVersion: number;
  findings: { claim: string; agrees: boolean; detail: string }[];
}

async function audit(folder: string, iteration: number) {
  const result = await mgrpo('audit', folder, '--iteration', String(iteration), '--json');
  return { ...result, report: JSON.parse(result.stdout || '{}') as Report };
}

/** Claims that do not hold. */
function refuted({ report }: Awaited<ReturnType<typeof audit>>): string[] {
  return report.findings.filter(({ agrees }) => !agrees).map(({ claim }) => claim);
}

/** A copy of the run in which one batch of the journal is another, with checksums that fit. */
async function forge(
  name: string,
  iteration: number,
  change: (batch: TrainingBatch__Output) => void,
): Promise<string> {
  const folder = join(workspace.folder, name);
  cpSync(run, folder, { recursive: true });
  const journal = join(folder, 'journal');
  const [file] = readdirSync(journal);
  const records: Buffer[] = [];
  let at = 0;
  for await (const payload of readJournal(journal, () => {})) {
    const batch = decodeStored(contracts.TrainingBatch, payload, 'a batch');
    if (at === iteration) change(batch);
    records.push(encodeRecord(at, encodeStored(contracts.TrainingBatch, batch)).record as Buffer);
    at += 1;
  }
  writeFileSync(join(journal, file!), Buffer.concat(records));
  return folder;
}

test('an iteration is derived again to its recorded bits, from a checkpoint or the base model', async () => {
  const early = await audit(run, 2);
  expect(refuted(early)).toEqual([]);
  expect(early.report).toMatchObject({ agrees: true, fromIteration: 0, weightVersion: 1 });
  const late = await audit(run, 5);
  expect(late.code).toBe(0);
  expect(late.report).toMatchObject({ agrees: true, fromIteration: 4, weightVersion: 4 });
  expect(late.report.findings.map(({ detail }) => detail)).toContain('24 rollouts in 9 payloads');
});

test('a forged advantage is found, by the votes and by the update that it changes', async () => {
  const folder = await forge('advantage', 2, ({ groups }) => {
    const member = groups.flatMap(({ members }) => members).find(({ trains }) => trains)!;
    member.advantage += 0.5;
  });
  const result = await audit(folder, 2);
  expect(result.code).toBe(1);
  expect(refuted(result)).toEqual(['votes', 'update']);
});

test('rollouts that the weights do not give are found', async () => {
  const folder = await forge('rollouts', 2, ({ groups }) => {
    groups[1]!.chunks[0]!.sha256 = '0'.repeat(64);
  });
  const result = await audit(folder, 2);
  expect(refuted(result)).toEqual(['rollouts', 'votes']);
  const { detail } = result.report.findings.find(({ claim }) => claim === 'rollouts')!;
  expect(detail).toMatch(/1 payloads differ, the first mgrpo:\w+:train:2:\w+:1\+1:\d\+\d:1.1 is /);
});

test('other prompts and other recorded weights are found', async () => {
  const folder = await forge('prompts', 2, ({ groups }) => {
    groups[0]!.promptTokenIds[0]! += 1;
  });
  const metrics = join(folder, 'metrics.jsonl');
  const lines = readFileSync(metrics, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes('"iteration":0,'));
  lines[at] = lines[at]!.replace(/"policySha256":"\w+"/, '"policySha256":"forged"');
  writeFileSync(metrics, lines.join('\n'));
  expect(refuted(await audit(folder, 2))).toEqual(expect.arrayContaining(['weights', 'prompts']));
});

test('what is not there is refused with the reason', async () => {
  expect((await audit(run, 6)).stderr).toContain(
    'ends before iteration 6; iterations count from 0',
  );
  expect((await audit(workspace.folder, 0)).stderr).toContain('holds no run');
  expect((await mgrpo('audit', run)).stderr).toContain("required option '--iteration <t>'");
});
