import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LearnerEpoch } from './epoch.ts';
import { diskFiles } from './files.ts';
import { Journal } from './journal.ts';
import { temporaryFolder } from './testing.ts';

/** A learner that appends 200 kB records until it is killed, and prints each iteration that is on disk. */
const learner = (run: string) => `
  import { LearnerEpoch } from '${import.meta.resolve('./epoch.ts')}';
  import { diskFiles } from '${import.meta.resolve('./files.ts')}';
  import { Journal } from '${import.meta.resolve('./journal.ts')}';
  const epoch = await LearnerEpoch.take('${run}/epochs', diskFiles);
  const options = { epoch, files: diskFiles, warn: () => {} };
  const journal = await Journal.open('${run}/journal', options);
  for (let t = journal.nextIteration; ; t++) {
    await journal.append(t, new Uint8Array(200_000).fill(t));
    process.stdout.write(t + '\\n');
  }
`;

test('a learner killed with SIGKILL loses no record that it had acknowledged', async () => {
  const run = await temporaryFolder();
  let acknowledged = -1;
  for (let round = 0; round < 3; round++) {
    const program = ['--input-type=module-typescript', '-e', learner(run)];
    const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (lines: Buffer) => {
      acknowledged = Number(lines.toString().trim().split('\n').at(-1));
      if (acknowledged >= 4 * (round + 1)) child.kill('SIGKILL');
    });
    await once(child, 'close');
  }
  const epoch = await LearnerEpoch.take(join(run, 'epochs'), diskFiles);
  const journal = await Journal.open(join(run, 'journal'), {
    epoch,
    files: diskFiles,
    warn: () => {},
  });
  expect(epoch.value).toBe(4);
  expect(journal.nextIteration).toBeGreaterThan(acknowledged);
  for (let t = 0; t < journal.nextIteration; t++) {
    expect((await journal.read(t)).every((byte) => byte === t % 256)).toBe(true);
  }
});
