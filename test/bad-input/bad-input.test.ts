import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@mgrpo/queues';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mgrpo, mgrpoUntil } from '../command-line.ts';
import { makeWorkspace, writeRecipe } from '../loop/small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

/** `mgrpo train` with the small recipe and something wrong. */
async function trainBadly(name: string, ...flags: string[]) {
  const runFolder = join(workspace.folder, name);
  const recipe = writeRecipe({ runFolder, base: workspace.base });
  return await mgrpo('train', recipe, '--run', join(runFolder, 'run'), ...flags);
}

/** A copy of the base model in which something is changed. */
function brokenModel(name: string, change: (folder: string) => void): string {
  const folder = join(workspace.folder, name);
  cpSync(workspace.base, folder, { recursive: true });
  change(folder);
  return folder;
}

function editConfig(folder: string, changes: Record<string, unknown>): void {
  const path = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...config, ...changes }));
}

function expectOneError(stderr: string): void {
  const errors = stderr.split('\n').filter((line) => line.startsWith('mgrpo: '));
  expect(errors).toHaveLength(1);
  expect(stderr).not.toMatch(/\n {4}at /);
}

describe('a mistake in the configuration ends with code 2 and names the key', () => {
  it.each<[string, string[], RegExp]>([
    ['an unknown key', ['--set', 'sampling.temprature=1'], /temprature.*did you mean.*temperature/],
    ['a value of the wrong type', ['--set', 'iterations=many'], /iterations/],
    [
      'a group size that M and N do not fit',
      ['--set', 'algorithm.groupSize=30'],
      /groupSize 30.*multiple of 4/,
    ],
    [
      'an odd number of prompts for a method that asks in pairs',
      ['--set', 'algorithm.method=co-reward'],
      /promptsPerIteration 3 is odd.*choose an even number/,
    ],
    ['a Redis URL that is none', ['--redis', 'cache:6379'], /redis/i],
  ])('%s', async (_what, flags, message) => {
    const { code, stderr } = await trainBadly('config', ...flags);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expectOneError(stderr);
  });
});

describe('wrong input ends with code 1 and names the thing and the remedy', () => {
  it('a broken line in the prompts file', async () => {
    const path = join(workspace.folder, 'broken.jsonl');
    writeFileSync(path, '{"prompt": "1+1="}\n{"prompt": "1+2="\n');
    const { code, stderr } = await trainBadly('prompts', '--prompts', path);
    expect(stderr).toContain(`${path}:2`);
    expect(code).toBe(1);
    expectOneError(stderr);
  });

  it.each([
    [
      'grpo',
      /no row with an "answer".*algorithm\.method grpo needs; add answers to prompts\.train/,
    ],
    [
      'co-reward',
      /no row with "rephrasings".*algorithm\.method co-reward asks; add them to prompts\.train/,
    ],
  ])('a prompts file without what method %s needs', async (method, message) => {
    const path = join(workspace.folder, 'bare.jsonl');
    writeFileSync(path, '{"prompt": "1+1="}\n');
    const sets = [`algorithm.method=${method}`, 'algorithm.promptsPerIteration=4'];
    const flags = sets.flatMap((assignment) => ['--set', assignment]);
    const { code, stderr } = await trainBadly(method, '--prompts', path, ...flags);
    expect(stderr).toMatch(message);
    expect(stderr).toContain(path);
    expect(code).toBe(1);
    expectOneError(stderr);
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'a model without a tokenizer',
      (folder) => writeFileSync(join(folder, 'tokenizer.json'), 'not json'),
      /tokenizer\.json/,
    ],
    [
      'an unsupported architecture',
      (folder) => editConfig(folder, { model_type: 'mamba', architectures: ['MambaForCausalLM'] }),
      /mamba/i,
    ],
    [
      'a tensor of the wrong shape',
      (folder) => editConfig(folder, { intermediate_size: 64 }),
      /mlp\.gate_proj\.weight has shape \[48,32\], but config\.json asks for \[64,32\]/,
    ],
    [
      'a truncated safetensors file',
      (folder) => truncateSync(join(folder, 'model.safetensors'), 5000),
      /model\.safetensors/,
    ],
  ])('%s', async (what, change, message) => {
    const name = what.replaceAll(' ', '-');
    const { code, stderr } = await trainBadly(`run-${name}`, '--model', brokenModel(name, change));
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expectOneError(stderr);
  });

  it('a chat template that fails, and a model without one', async () => {
    const template = '{{ 1 }}\n{{ raise_exception("no user may speak") }}';
    const model = brokenModel('chat-template', (folder) =>
      writeFileSync(join(folder, 'chat_template.jinja'), template),
    );
    const chat = ['--set', 'prompts.format=chat'];
    const failing = await trainBadly('chat', ...chat, '--model', model);
    expect(failing.stderr).toContain(`${model}/chat_template.jinja, line 2: no user may speak`);
    expect(failing.code).toBe(1);
    expectOneError(failing.stderr);
    const none = await trainBadly('no-chat', ...chat);
    expect(none.stderr).toMatch(/has no chat template.*set prompts\.format to plain/);
    expectOneError(none.stderr);
  });

  it('a Redis that does not answer', async () => {
    const { code, stderr } = await trainBadly('redis', '--redis', 'redis://:secret@127.0.0.1:1');
    expect(stderr).toMatch(/no Redis at redis:\/\/:\*\*\*@127\.0\.0\.1:1.*start one/);
    expect(stderr).not.toContain('secret');
    expect(code).toBe(1);
    expectOneError(stderr);
  });

  it('a port that is taken; the same run starts when it is free', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    const flags = ['--set', `deployment.learner.port=${port}`, '--iterations', '2'];
    const taken = await trainBadly('port', ...flags);
    expect(taken.stderr).toMatch(
      new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}.*configure another`),
    );
    expect(taken.code).toBe(1);
    expectOneError(taken.stderr);
    holder.close();
    const run = join(workspace.folder, 'port', 'run');
    const again = await mgrpo('train', '--resume', '--run', run, ...flags.slice(0, 2));
    expect(again.stderr).toBe('');
    expect(again.code).toBe(0);
    expect(JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')).iterations).toBe(2);
  });
});

it('a run that was stopped before it had begun says so, and starts in the same folder', async () => {
  const runFolder = join(workspace.folder, 'stopped');
  const recipe = writeRecipe({ runFolder, base: workspace.base });
  const run = join(runFolder, 'run');
  const stopped = await mgrpoUntil(/Run folder/, 'train', recipe, '--run', run);
  expect(stopped.stdout).toMatch(/Stopped before the run had begun; start it with: mgrpo train/);
  expect(stopped.code).toBe(130);
  const again = await mgrpoUntil(/iteration 1/, 'train', recipe, '--run', run);
  expect(again.stderr).toBe('');
  expect(again.stdout).toMatch(/go on with: mgrpo train --resume/);
});

it('a run folder that holds a run is not overwritten', async () => {
  const runFolder = join(workspace.folder, 'held');
  mkdirSync(join(runFolder, 'run'), { recursive: true });
  writeFileSync(join(runFolder, 'run', 'manifest.json'), '{}');
  const { code, stderr } = await trainBadly('held');
  expect(stderr).toMatch(/already holds a run; go on with it by --resume/);
  expect(code).toBe(2);
});
