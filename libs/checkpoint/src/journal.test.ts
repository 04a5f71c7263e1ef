import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LearnerEpoch } from './epoch.ts';
import type { Files } from './files.ts';
import { diskFiles } from './files.ts';
import { Journal, readJournal } from './journal.ts';
import { fullDisk, temporaryFolder } from './testing.ts';

/** Opens the run's journal as a new learner would. */
async function openJournal(run: string, files: Files = diskFiles) {
  const warnings: string[] = [];
  const epoch = await LearnerEpoch.take(join(run, 'epochs'), diskFiles);
  const warn = (message: string) => warnings.push(message);
  const journal = await Journal.open(join(run, 'journal'), { epoch, files, warn });
  onTestFinished(() => journal.close());
  return { journal, warnings };
}

const payload = (text: string) => new Uint8Array(Buffer.from(text));
const firstFile = 'journal/000000001.log';

/** A run whose first learner has written these records. */
async function runWith(...texts: readonly string[]): Promise<string> {
  const run = await temporaryFolder();
  const { journal } = await openJournal(run);
  for (const [iteration, text] of texts.entries()) await journal.append(iteration, payload(text));
  await journal.close();
  return run;
}

async function textsOf(journal: Journal): Promise<string[]> {
  const texts: string[] = [];
  for (let t = 0; t < journal.nextIteration; t++) {
    texts.push(Buffer.from(await journal.read(t)).toString());
  }
  return texts;
}

test('a reader beside the learner gets the same records and changes nothing', async () => {
  const run = await runWith('a', 'b');
  const folder = join(run, 'journal');
  await appendFile(join(run, firstFile), 'MGJ1 cut short');
  const warnings: string[] = [];
  const texts: string[] = [];
  for await (const bytes of readJournal(folder, (message) => warnings.push(message))) {
    texts.push(Buffer.from(bytes).toString());
  }
  expect(texts).toEqual(['a', 'b']);
  expect(warnings).toEqual([expect.stringContaining('cut short')]);
  expect(await readdir(folder)).toHaveLength(1);
  const none = readJournal(join(run, 'nowhere'), () => {});
  await expect(none.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('records come back in order, across learners', async () => {
  const run = await runWith('zero', '', 'two');
  const second = await openJournal(run);
  await second.journal.append(3, payload('three'));
  expect(await textsOf(second.journal)).toEqual(['zero', '', 'two', 'three']);
  await second.journal.close();
  const third = await openJournal(run);
  expect(await textsOf(third.journal)).toEqual(['zero', '', 'two', 'three']);
  expect([...second.warnings, ...third.warnings]).toEqual([]);
  expect(await readdir(join(run, 'journal'))).toEqual(['000000001.log', '000000002.log']);
});

test('a record cut at any byte is dropped aloud, and its iteration is written again', async () => {
  const whole = await readFile(join(await runWith('zero', 'one'), firstFile));
  const recordBytes = whole.length - 48 - 'zero'.length;
  for (let length = whole.length - recordBytes + 1; length < whole.length; length++) {
    const run = await runWith('zero', 'one');
    await truncate(join(run, firstFile), length);
    const { journal, warnings } = await openJournal(run);
    expect(journal.nextIteration).toBe(1);
    expect(warnings).toEqual([
      expect.stringMatching(/last record was cut short .*; iteration 1 is computed again/),
    ]);
    await journal.append(1, payload('one again'));
    await journal.close();
    const next = await openJournal(run);
    expect(await textsOf(next.journal)).toEqual(['zero', 'one again']);
    expect(next.warnings).toEqual([]);
  }
});

test('a file that a power cut has lengthened with zeros ends at its last record', async () => {
  const run = await runWith('zero');
  await appendFile(join(run, firstFile), Buffer.alloc(5000));
  const { journal, warnings } = await openJournal(run);
  expect(journal.nextIteration).toBe(1);
  expect(warnings).toHaveLength(1);
});

test('a flipped bit in any byte is CORRUPT, never a record dropped or another payload', async () => {
  const whole = await readFile(join(await runWith('zero', 'one', 'two'), firstFile));
  const second = { start: 48 + 'zero'.length, end: whole.length - 48 - 'two'.length };
  const run = await runWith('zero');
  for (let at = second.start; at < second.end; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x10;
    await writeFile(join(run, firstFile), damaged);
    const error = await openJournal(run)
      .then(({ journal }) => textsOf(journal))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining(`truncate -s ${second.start}`),
    });
  }
});

test('only the next iteration can be appended', async () => {
  const { journal } = await openJournal(await runWith('zero'));
  await expect(journal.append(2, payload('two'))).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(journal.append(0, payload('zero'))).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(journal.read(1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a missing file of an earlier learner is CORRUPT', async () => {
  const run = await runWith('zero');
  const { journal } = await openJournal(run);
  await journal.append(1, payload('one'));
  await journal.close();
  await diskFiles.rm(join(run, firstFile));
  await expect(openJournal(run)).rejects.toThrow('iteration 1 follows -1');
});

test('a learner that was displaced can not append, and what it wrote meanwhile does not count', async () => {
  const run = await runWith('zero');
  const old = await openJournal(run);
  await old.journal.append(1, payload('one'));
  const successor = await openJournal(run);
  await expect(old.journal.append(2, payload('stale'))).rejects.toMatchObject({
    code: 'STALE_EPOCH',
    message: 'learner epoch 2 was displaced by epoch 3: another learner writes to this run now',
  });

  // The displaced learner had passed its check when the successor took over, and writes after it has read.
  const [stale] = [await readFile(join(await runWith('0', '1', 'stale'), firstFile))];
  await appendFile(join(run, 'journal/000000002.log'), stale.subarray(2 * (48 + 1)));
  await successor.journal.append(2, payload('two'));
  await successor.journal.append(3, payload('three'));
  const next = await openJournal(run);
  expect(await textsOf(next.journal)).toEqual(['zero', 'one', 'two', 'three']);
});

test('two learners that start at once get different epochs', async () => {
  const run = await temporaryFolder();
  const taken = await Promise.all(
    Array.from({ length: 8 }, () => LearnerEpoch.take(join(run, 'epochs'), diskFiles)),
  );
  expect(taken.map(({ value }) => value).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a full disk stops the journal, and the next learner finds all earlier records', async () => {
  const run = await runWith('zero');
  const { journal } = await openJournal(run, fullDisk(60));
  await journal.append(1, payload('one'));
  await expect(journal.append(2, payload('two'))).rejects.toMatchObject({
    code: 'RESOURCE',
    message: expect.stringContaining('the disk is full: free space and continue with --resume'),
  });
  await expect(journal.append(2, payload('two'))).rejects.toMatchObject({ code: 'RESOURCE' });
  await journal.close();
  const next = await openJournal(run);
  expect(await textsOf(next.journal)).toEqual(['zero', 'one']);
  expect(next.warnings).toHaveLength(1);
});
