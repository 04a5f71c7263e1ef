import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRunConfig } from '@mgrpo/config';
import { expect, onTestFinished, test } from 'vitest';
import { runTraining } from './train.ts';

const file = fileURLToPath(new URL('../../../recipes/arithmetic.yaml', import.meta.url));

test('what fails between the start of Redis and that of the services leaves no Redis behind', async () => {
  const runFolder = mkdtempSync(join(tmpdir(), 'mgrpo-train-'));
  onTestFinished(() => rmSync(runFolder, { recursive: true, force: true }));
  // Where the run's addresses are to stand.
  mkdirSync(join(runFolder, 'logs/addresses.json'), { recursive: true });
  const training = runTraining({
    config: loadRunConfig({ file, environment: {}, overrides: [] }),
    runFolder,
    serveCommand: [],
    searchPath: process.env.PATH ?? '',
    env: {},
    signal: new AbortController().signal,
    hooks: { onState: () => {}, onService: () => {}, tell: () => {} },
  });
  await expect(training).rejects.toThrow('EISDIR');
  expect(existsSync(join(runFolder, 'redis/data'))).toBe(true);
  expect(readFileSync(join(runFolder, 'redis/redis.log'), 'utf8')).toContain('ready to exit');
});
