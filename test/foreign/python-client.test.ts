import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findProgram, freePort } from '@mgrpo/queues';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../command-line.ts';
import { makeWorkspace, trainSmall } from '../loop/small-run.ts';

const python = '/usr/bin/python3';
const hasModule = spawnSync(python, ['-c', 'import grpc']).status === 0;
const hasCompiler = ['protoc', 'grpc_python_plugin'].every((name) =>
  findProgram([name], process.env.PATH ?? ''),
);
const why =
  hasModule && hasCompiler
    ? ''
    : ' (skipped: needs python3-grpcio, protobuf-compiler and protobuf-compiler-grpc)';
const fromRpc = createRequire(join(import.meta.dirname, '../../libs/rpc/package.json'));
const folderOf = (file: string) => dirname(fromRpc.resolve(file));

interface Answers {
  health: string;
  services: string[];
  label: string;
  voteShare: number;
  advantages: number[];
  tokens: number[][];
  logprobs: number[][];
  noSuchVersion: [string, string];
  noPrompt: [string, string];
  noMembers: [string, string];
}

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

/** What a client of gRPC for Python gets from a run under way, with our .proto files and nothing else of ours. */
async function callFromPython(): Promise<Answers> {
  const [voterPort, rolloutPort] = [await freePort(), await freePort()];
  const addresses = [`127.0.0.1:${voterPort}`, `127.0.0.1:${rolloutPort}`];
  const protos = [
    join(import.meta.dirname, '../../protos'),
    join(folderOf('grpc-health-check/package.json'), 'proto'),
    join(folderOf('@grpc/reflection/package.json'), 'build', 'proto'),
  ];
  const stop = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<Answers>();
  let isAsked = false;
  const run = trainSmall({
    runFolder: join(workspace.folder, 'run'),
    base: workspace.base,
    set: [
      'iterations=10000',
      `deployment.voter.port=${voterPort}`,
      `deployment.policyRollout.port=${rolloutPort}`,
      'deployment.reflection=true',
    ],
    signal: stop.signal,
    onIteration: () => {
      if (isAsked) return;
      isAsked = true;
      runClient([...protos, ...addresses]).then(resolve, reject);
    },
  });
  const ended = run.then(() => reject(new Error('the run ended before the client')), reject);
  try {
    return await promise;
  } finally {
    stop.abort();
    await ended;
  }
}

async function runClient(args: readonly string[]): Promise<Answers> {
  const client = join(import.meta.dirname, 'client.py');
  const { code, stdout, stderr } = await runProgram(python, [client, ...args]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Answers;
}

test.skipIf(why !== '')(`a foreign client needs the .proto files alone${why}`, async () => {
  const answers = await callFromPython();
  expect(answers.health).toBe('SERVING');
  expect(answers.services).toEqual(expect.arrayContaining(['mgrpo.v1.VoterService']));
  expect(answers).toMatchObject({ label: '4', voteShare: 0.75 });
  // Rewards of the six policy rollouts 1,1,1,0,0,1: right ones are above the mean, wrong ones below.
  expect(answers.advantages.map(Math.sign).slice(0, 6)).toEqual([1, 1, 1, -1, -1, 1]);
  expect(answers.tokens).toHaveLength(2);
  for (const [i, tokens] of answers.tokens.entries()) {
    expect(tokens.length).toBeGreaterThan(0);
    expect(answers.logprobs[i]).toHaveLength(tokens.length);
    expect(Math.max(...answers.logprobs[i]!)).toBeLessThan(0);
  }
  expect(answers.noSuchVersion[0]).toBe('FAILED_PRECONDITION');
  expect(answers.noSuchVersion[1]).toContain('1000000');
  expect(answers.noPrompt[0]).toBe('INVALID_ARGUMENT');
  expect(answers.noMembers[0]).toBe('INVALID_ARGUMENT');
});
