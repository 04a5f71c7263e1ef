import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Supervisor } from './supervisor.ts';

const logFolder = mkdtempSync(join(tmpdir(), 'mgrpo-supervisor-'));

it('a service stands back as far as it was told, and others do not', async () => {
  const told = new Map<string, string>();
  const script = `process.send({ kind: 'notice', message: String(os.getPriority()) }); setInterval(() => {}, 1000);`;
  const supervisor = new Supervisor({
    services: [
      { name: 'kind', args: ['-e', script], niceness: 10 },
      { name: 'usual', args: ['-e', script] },
    ],
    env: process.env,
    logFolder,
    maxRestartsPerMinute: 0,
    stopMs: 1000,
    onEvent: (event) => {
      if (event.kind === 'notice') told.set(event.name, event.message);
    },
  });
  onTestFinished(async () => {
    await supervisor.stop();
    rmSync(logFolder, { recursive: true });
  });
  await expect.poll(() => told.size).toBe(2);
  const usual = Number(told.get('usual'));
  expect(Number(told.get('kind'))).toBe(Math.min(usual + 10, 19));
});
