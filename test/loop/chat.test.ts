import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorkspace, trainSmall } from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

const runIdOf = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')).runId;

test('a chat whose template writes the bare question trains to the same bits, as another run', async () => {
  const base = join(workspace.folder, 'chat-base');
  cpSync(workspace.base, base, { recursive: true });
  const template = '{%- for m in messages -%}{{ m.content }}{%- endfor -%}\n';
  writeFileSync(join(base, 'chat_template.jinja'), template);
  const train = async (name: string, base: string, set: readonly string[]) => {
    const runFolder = join(workspace.folder, name);
    const { policySha256, metrics } = await trainSmall({ runFolder, base, set });
    return { policySha256, numMetrics: metrics.length, runId: runIdOf(runFolder) };
  };
  const short = ['iterations=1'];
  const plain = await train('plain', workspace.base, short);
  const chat = await train('chat', base, [...short, 'prompts.format=chat']);
  expect(chat.policySha256).toBe(plain.policySha256);
  expect(chat.numMetrics).toBe(plain.numMetrics);
  expect(chat.runId).not.toBe(plain.runId);
}, 120_000);
