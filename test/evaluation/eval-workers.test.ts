import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  connect,
  contracts,
  type GenerateRequest__Output,
  openSecurity,
  type RolloutChunk__Output,
  type RolloutStatus__Output,
  RpcServer,
  unary,
  unaryHandler,
} from '@mgrpo/rpc';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { mgrpo } from '../command-line.ts';
import { makeRandomModel, writeProblems } from './random-model.ts';

const main = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-workers-'));
const model = join(folder, 'model');
const other = join(folder, 'other');
const data = join(folder, 'data');
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('close', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A worker process, ready; two slots make it slow enough to be caught at work. */
async function startWorker(served: string): Promise<{ address: string; child: ChildProcess }> {
  const flags = ['--listen', '0', '--set', 'deployment.rollout.slots=2'];
  const child = spawn(process.execPath, [main, 'eval', '--model', served, ...flags]);
  children.push(child);
  let stdout = '';
  for await (const chunk of child.stdout!) {
    stdout += chunk;
    const address = / on (127\.0\.0\.1:\d+)\n/.exec(stdout)?.[1];
    if (address !== undefined) return { address, child };
  }
  throw new Error('the worker ended before it served');
}

const flags = ['--benchmarks', 'math500,aime24', '--data', data, '--max-tokens', '120', '--json'];
const evaluate = (out: string, ...more: string[]) =>
  mgrpo('eval', '--model', model, ...flags, '--out', join(folder, out), ...more);

let workers: Awaited<ReturnType<typeof startWorker>>[];
let alone: string;
beforeAll(async () => {
  await Promise.all([makeRandomModel(model), makeRandomModel(other, 8)]);
  writeProblems(data, ['math500', 'aime24']);
  workers = await Promise.all([startWorker(model), startWorker(model), startWorker(other)]);
  alone = (await evaluate('alone')).stdout;
}, 180_000);

test('a worker with other weights is refused', async () => {
  const { code, stderr } = await evaluate('other', '--workers', workers[2]!.address);
  expect(stderr).toMatch(/worker 127\.0\.0\.1:\d+ has other weights than .*same --model/);
  expect(code).toBe(1);
});

test('a worker that gives fewer responses than were asked for ends the evaluation', async () => {
  const real = connect(contracts.RolloutService, workers[1]!.address, openSecurity);
  const limits = { deadlineMs: 60_000 };
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    services: [
      {
        definition: contracts.RolloutService.service,
        implementation: {
          getStatus: unaryHandler(() =>
            unary<RolloutStatus__Output>(
              'worker',
              (...call) => real.getStatus({}, ...call),
              limits,
            ),
          ),
          generate: unaryHandler(async (request: GenerateRequest__Output) => {
            const chunk = await unary<RolloutChunk__Output>(
              'worker',
              (...call) => real.generate(request, ...call),
              limits,
            );
            return { ...chunk, rollouts: chunk.rollouts.slice(1) };
          }),
        },
      },
    ],
  });
  onTestFinished(async () => {
    real.close();
    await server.close(0);
  });
  const { code, stderr } = await evaluate('fewer', '--workers', `127.0.0.1:${server.port}`);
  expect(stderr).toMatch(/worker 127\.0\.0\.1:\d+ answered with 0 of 1 responses, by weights \d+/);
  expect(code).toBe(1);
});

test('workers give the bits of one engine, also when one is killed at work', async () => {
  const list = [workers[0]!, workers[1]!].map(({ address }) => address).join(',');
  const ending = evaluate('killed', '--workers', list);
  const results = join(folder, 'killed', 'results.jsonl');
  while (!existsSync(results)) await sleep(5);
  workers[0]!.child.kill('SIGKILL');
  const { code, stdout, stderr } = await ending;
  expect(stderr).toMatch(/worker .* is lost/);
  expect(code).toBe(0);
  expect(stdout).toBe(alone);
  const sorted = (out: string) =>
    readFileSync(join(folder, out, 'results.jsonl'), 'utf8')
      .split('\n')
      .toSorted();
  expect(sorted('killed')).toEqual(sorted('alone'));
}, 180_000);
