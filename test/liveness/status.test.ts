import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runFiles } from '@mgrpo/checkpoint';
import { freePort } from '@mgrpo/queues';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../chaos/cluster.ts';
import { mgrpo } from '../command-line.ts';
import { makeWorkspace, smallConfig, trainSmall } from '../loop/small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

describe('a run of many processes', () => {
  let cluster: Cluster;
  let folder: string;

  beforeAll(async () => {
    folder = join(workspace.folder, 'cluster');
    const set = ['iterations=100000', 'prompts.validation=null', 'deployment.deadlines.rpcMs=9000'];
    const config = smallConfig({ runFolder: folder, base: workspace.base, set });
    cluster = await Cluster.start(folder, config);
    await cluster.until('the run is under way', () => cluster.applied >= 2);
  });
  afterAll(() => cluster.close());

  async function activeRollouts(name: string): Promise<number> {
    const metrics = await (await fetch(`${cluster.metricsUrl(name)}/metrics`)).text();
    return Number(/^mgrpo_active_rollouts\S* (\d+)$/m.exec(metrics)?.[1]);
  }

  it('is told on one screen: services, queues, deadlines with their defaults', async () => {
    const { stdout } = await mgrpo('status', '--coordinator', cluster.coordinator);
    expect(stdout).toMatch(
      /^Run \w+: running; \d+ of 100000 iterations applied; newest checkpoint/,
    );
    expect(stdout).toContain('Collapse: not suspected');
    for (const service of ['learner', 'coordinator', 'voter', 'policy-rollout']) {
      expect(stdout).toMatch(new RegExp(`^${service} +\\S+:\\d+ +ready`, 'm'));
    }
    expect(stdout).toContain('rpcMs 9000 (default 10000)');
    expect(stdout.split('\n').length).toBeLessThan(45);
  });

  it('tells of a run that was killed, and left its address, from one that is there now', async () => {
    const killed = join(folder, 'killed');
    mkdirSync(join(killed, 'logs'), { recursive: true });
    writeFileSync(join(killed, runFiles.manifest), JSON.stringify({ runId: 'killed' }));
    const statusAt = async (coordinator: string) => {
      writeFileSync(join(killed, 'logs', 'addresses.json'), JSON.stringify({ coordinator }));
      return await mgrpo('status', killed, '--config', join(folder, 'recipe.yaml'));
    };
    const there = await statusAt(cluster.coordinator);
    const nobody = await statusAt(`127.0.0.1:${await freePort()}`);
    expect([there.code, nobody.code]).toEqual([1, 1]);
    expect(there.stderr).toMatch(/the run in \S+killed is not at .*: run \w+ is there now; it was/);
    for (const { stderr } of [there, nobody]) {
      expect(stderr).toMatch(/is not at 127\.0\.0\.1:\d+.* mgrpo train --resume --run \S+killed/);
    }
  });

  it('says who holds the jobs that it waits for', async () => {
    const stopped = cluster.namesOf('policy-rollout');
    const pids = stopped.map((name) => cluster.pidOf(name));
    const { applied } = cluster;
    const inHand = /^policy-rollout \S+:\d+.*rollout-policy jobs? in hand/;
    let state = { waitingFor: [''], activeJobs: [] as { queue: string; process: string }[] };
    // They may be stopped at a moment when no job is in hand.
    for (let attempt = 0; attempt < 20 && !inHand.test(state.waitingFor[0] ?? ''); attempt++) {
      const before = cluster.applied;
      await cluster.until('another iteration begins', () => cluster.applied > before);
      await sleep(attempt * 15);
      for (const name of stopped) await cluster.signal(name, 'SIGSTOP');
      const { stdout } = await mgrpo('status', '--coordinator', cluster.coordinator, '--json');
      state = JSON.parse(stdout) as typeof state;
      for (const name of stopped) await cluster.signal(name, 'SIGCONT');
    }
    const holders = state.activeJobs
      .filter(({ queue }) => queue === 'rollout-policy')
      .map((job) => Number(job.process.split(':').at(-1)));
    expect(state.waitingFor[0]).toMatch(inHand);
    expect(pids).toEqual(expect.arrayContaining(holders));
    await cluster.until('it goes on', () => cluster.applied > applied + 2);
  });

  it('says that Redis does not answer', async () => {
    cluster.redis.signal('SIGSTOP');
    const { stdout } = await mgrpo('status', '--coordinator', cluster.coordinator);
    cluster.redis.signal('SIGCONT');
    expect(stdout).toContain('Waits for Redis, which does not answer');
  });

  it('turns unready before it drains', async () => {
    const url = `${cluster.metricsUrl('policy-rollout-1')}/readyz`;
    // Redis has just come back.
    while ((await fetch(url)).status !== 200) await sleep(50);
    // A drain without a job in hand is over at once; with one it waits for Redis, which is to take the rollouts.
    for (;;) {
      cluster.redis.signal('SIGSTOP');
      if ((await activeRollouts('policy-rollout-1')) > 0) break;
      cluster.redis.signal('SIGCONT');
      await sleep(10);
    }
    const drained = cluster.kill('policy-rollout-1', 'SIGTERM');
    const answers: string[] = [];
    while (!answers.includes('draining') && !answers.includes('gone')) {
      const answer = await fetch(url).catch(() => null);
      answers.push(((await answer?.text()) ?? 'gone').trim());
    }
    cluster.redis.signal('SIGCONT');
    expect(answers).toContain('draining');
    await drained;
  });
});

it('finds the coordinator of `mgrpo train` in the run folder, and says when there is none', async () => {
  const runFolder = join(workspace.folder, 'train');
  const stop = new AbortController();
  let asked: ReturnType<typeof mgrpo> | undefined;
  await trainSmall({
    runFolder,
    base: workspace.base,
    set: ['iterations=100000', 'prompts.validation=null'],
    signal: stop.signal,
    onIteration: (applied) => {
      if (applied !== 1) return;
      asked = mgrpo('status', runFolder);
      void asked.then(() => stop.abort());
    },
  });
  expect((await asked)?.stdout).toMatch(/iterations applied/);
  const afterwards = await mgrpo('status', runFolder);
  expect(afterwards.code).toBe(1);
  expect(afterwards.stderr).toContain('no run is under way');
}, 120_000);
