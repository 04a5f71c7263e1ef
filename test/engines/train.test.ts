import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@mgrpo/queues';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { mgrpo } from '../command-line.ts';
import { makeWorkspace, type SmallRun, trainSmall } from '../loop/small-run.ts';
import { TestEngineServer } from './engine-server.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;

beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

/** A small run whose policy and momentum rollouts come from servers. */
function runOn(servers: { policy: string; momentum: string }, name: string): SmallRun {
  const { folder, base } = workspace;
  const runFolder = join(folder, name);
  mkdirSync(runFolder);
  const set = [
    'rollout.engine=openai',
    'rollout.topLogprobs=5',
    `deployment.openai.policyUrls=["${servers.policy}"]`,
    `deployment.openai.momentumUrls=["${servers.momentum}"]`,
    `deployment.openai.weightsFolder=${join(runFolder, 'weights')}`,
    'deployment.openai.probeTolerance=0.05',
  ];
  return { runFolder, base, set };
}

test('a run on servers finishes; one that is killed and comes back with the base model only delays it', async () => {
  const { base } = workspace;
  const momentum = await TestEngineServer.start({ folder: base, bfloat16: true });
  onTestFinished(() => momentum.kill());
  const port = await freePort();
  let policy = await TestEngineServer.start({ folder: base, bfloat16: true, port });
  onTestFinished(() => policy.kill());
  const { url } = policy;
  let restarting = Promise.resolve();
  const result = await trainSmall({
    ...runOn({ policy: url, momentum: momentum.url }, 'killed'),
    onIteration: (applied) => {
      if (applied !== 2) return;
      restarting = policy.kill().then(async () => {
        policy = await TestEngineServer.start({ folder: base, bfloat16: true, port });
      });
    },
  });
  await restarting;
  expect(result.outcome).toBe('finished');
  expect(result.restarts).toEqual([]);
  const iterations = result.metrics.filter(({ kind }) => kind === 'iteration');
  expect(iterations).toHaveLength(6);
  expect(new Set(iterations.map(({ entropySource }) => entropySource))).toEqual(new Set(['top-k']));
  // What bfloat16 makes of these weights; logprobs of the wrong version would differ by more.
  const gaps = iterations.flatMap(
    ({ step }) => (step as { logprobGap: number } | null)?.logprobGap ?? [],
  );
  expect(gaps.length).toBeGreaterThan(2);
  expect(Math.max(...gaps)).toBeLessThan(0.01);
  // The one that came back had to be given weights again.
  expect(policy.requests.some(({ path }) => path === '/collective_rpc')).toBe(true);
  expect(momentum.requests.filter(({ path }) => path === '/collective_rpc').length).toBe(6);
  expect([policy, momentum].some(({ reloadedWhileActive }) => reloadedWhileActive)).toBe(false);
  // What nobody can generate again must not be judged by what our own engine would have said.
  const audit = await mgrpo('audit', join(workspace.folder, 'killed'), '--iteration', '2');
  expect(audit.code).toBe(2);
  expect(audit.stderr).toContain('an audit generates by our own engine');
});
