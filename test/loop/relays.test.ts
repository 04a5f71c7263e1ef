import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorkspace, type SmallRun, type SmallRunResult, trainSmall } from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let direct: SmallRunResult;

function train(name: string, run: Partial<SmallRun> = {}): Promise<SmallRunResult> {
  const { folder, base } = workspace;
  return trainSmall({ runFolder: join(folder, name), base, ...run });
}

beforeAll(async () => {
  workspace = await makeWorkspace();
  direct = await train('direct');
});

afterAll(() => workspace.remove());

const set = ['deployment.workers.relay=1', 'deployment.weights.staleMs=300'];

describe('weights through relays: the bits are the same', () => {
  it('with two, when the learner behind them is killed, and then one of them', async () => {
    const armed = join(workspace.folder, 'armed');
    mkdirSync(armed);
    writeFileSync(join(armed, 'after-step'), '');
    const result = await train('killed', {
      env: { MGRPO_FAULT_POINTS: armed },
      set: [...set, 'deployment.workers.relay=2'],
      onIteration: (applied, pids) => {
        if (applied === 2) process.kill(pids.get('weight-relay-1')!, 'SIGKILL');
      },
    });
    expect(readdirSync(armed)).toEqual([]);
    expect(result).toEqual({ ...direct, restarts: ['learner', 'weight-relay-1'] });
  });

  it('when the only one hangs, and goes on later', async () => {
    const result = await train('hung', {
      set,
      onIteration: (applied, pids) => {
        const relay = pids.get('weight-relay-1')!;
        if (applied === 2) process.kill(relay, 'SIGSTOP');
        if (applied === 5) process.kill(relay, 'SIGCONT');
      },
    });
    expect(result).toEqual(direct);
    const logOf = (name: string) =>
      readFileSync(join(workspace.folder, 'hung/logs', `${name}.log`), 'utf8');
    expect(logOf('weight-relay-1')).toMatch(/"run":"[0-9a-f]{12}".*"msg":"ready"/);
    for (const worker of ['policy-rollout-1', 'momentum-rollout-1']) {
      expect(logOf(worker)).toMatch(/"reason":"stale".*weights come from another source/);
    }
  });
});
