import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mgrpo } from '../command-line.ts';
import { makeRandomModel, writeProblems } from './random-model.ts';

const main = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-eval-'));
const model = join(folder, 'model');
const data = join(folder, 'data');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  await makeRandomModel(model);
  writeProblems(data, ['math500', 'aime24']);
});

const evaluate = (out: string, ...flags: string[]) =>
  mgrpo(...argumentsFor(join(folder, out)), ...flags);

const argumentsFor = (out: string) =>
  // biome-ignore format: one flag a pair
  ['eval', '--model', model, '--benchmarks', 'math500,aime24', '--data', data, '--max-tokens', '120', '--responses', '--out', out];

/** Results in the order of their problems, and the summary: what must not depend on how they came about. */
function found(out: string) {
  const lines = readFileSync(join(folder, out, 'results.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const summary = readFileSync(join(folder, out, 'summary.json'), 'utf8');
  return { results: lines.toSorted(), summary };
}

function numResults(out: string): number {
  const path = join(folder, out, 'results.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

/** Begins an evaluation and sends a signal when some problems are done. */
async function interrupted(out: string, signal: NodeJS.Signals) {
  const slow = ['--set', 'deployment.rollout.slots=2'];
  const child = spawn(process.execPath, [main, ...argumentsFor(join(folder, out)), ...slow]);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  while (numResults(out) < 3 && child.exitCode === null) await sleep(5);
  child.kill(signal);
  return { code: await ended, stderr };
}

// Each starts processes, which takes its time on a busy machine.
describe('mgrpo eval --benchmarks', { timeout: 180_000 }, () => {
  test('evaluates a model on real input through the real command line', async () => {
    const { code, stdout, stderr } = await evaluate('whole');
    expect(stderr).toMatch(/math500\.jsonl has 8 problems; the whole of math500 has 500/);
    expect(stderr).toMatch(/16\/16 problems · .* · done/);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^benchmark +problems +accuracy +95 % interval/);
    expect(stdout).toMatch(/\nmath500 +8 +0\.0 % +0\.0 % to 32\.4 % /);
    expect(stdout).toMatch(/\naime24 +8 × 8 +0\.0 % /);
    const summary = JSON.parse(found('whole').summary);
    expect(summary.settings).toMatchObject({
      seed: 1,
      temperature: 0.8,
      benchmarks: { math500: { samples: 1 }, aime24: { samples: 8, maxTokens: 120 } },
    });
    expect(summary.scores[1]).toMatchObject({ benchmark: 'aime24', problems: 8, unanswered: 1 });
    const results = found('whole').results.map((line) => JSON.parse(line));
    for (const { responses, tokens } of results) {
      // Each token is a character, or one of the three that are none.
      const lengths = responses.map((text: string) => [...text].length);
      expect(lengths.every((length: number) => length > 0)).toBe(true);
      expect(lengths.every((length: number, i: number) => length <= tokens[i])).toBe(true);
    }
  });

  test('finds the same bits with one engine, with several and with other batches', async () => {
    const { stdout } = await evaluate(
      'two',
      '--json',
      '--engines',
      '2',
      '--set',
      'deployment.rollout.slots=3',
    );
    expect(found('two')).toEqual(found('whole'));
    expect(JSON.parse(stdout)).toEqual(JSON.parse(found('whole').summary));
  });

  test('goes on after kill -9 and finds what an evaluation in one go finds', async () => {
    const { code } = await interrupted('killed', 'SIGKILL');
    expect(code).toBeNull();
    const before = numResults('killed');
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(16);
    const resumed = await evaluate('killed', '--resume');
    expect(resumed.code).toBe(0);
    expect(found('killed')).toEqual(found('whole'));
  });

  test('Ctrl-C keeps what is done and says how to go on', async () => {
    const { code, stderr } = await interrupted('stopped', 'SIGINT');
    expect(stderr).toMatch(
      /stopped with \d+ of 16 problems left; go on with --out .*stopped --resume/,
    );
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(130);
    expect(numResults('stopped')).toBeGreaterThanOrEqual(3);
  });

  test('refuses to go on with other settings', async () => {
    const { code, stderr } = await evaluate('whole', '--seed', '2', '--resume');
    expect(stderr).toMatch(/whole was made with another seed \(1, now 2\); give what it was/);
    expect(code).toBe(1);
  });
});

test('benchmarks are listed without a model', async () => {
  const { code, stdout } = await mgrpo('eval', '--list');
  expect(code).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(16);
  expect(stdout).toMatch(
    /\naime25 +AIME 2025 +30 +8 +\\boxed\{\} +aime25\.jsonl +math-ai\/aime25\n/,
  );
});
