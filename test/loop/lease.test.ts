import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../../libs/lease/src/api-server.fixture.ts';
import { makeWorkspace, trainSmall } from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let api: ApiServer;

beforeEach(async () => {
  workspace = await makeWorkspace();
  api = await ApiServer.start(workspace.folder);
});

afterEach(() => {
  api.close();
  workspace.remove();
});

test('services that lose their Lease end, wait for it again, and the run has the same bits', async () => {
  const { folder, base } = workspace;
  const set = ['iterations=8'];
  const undisturbed = await trainSmall({ runFolder: join(folder, 'undisturbed'), base, set });
  const runFolder = join(folder, 'run');
  const lease = {
    'deployment.lease.name': 'run',
    'deployment.lease.durationSeconds': 3,
    'deployment.lease.apiServer': api.apiServer,
    'deployment.lease.account': api.account,
  };
  const result = await trainSmall({
    runFolder,
    base,
    set: [...set, ...Object.entries(lease).map(([key, value]) => `${key}=${value}`)],
    onIteration: (applied, pids) => {
      if (applied !== 2) return;
      api.mode = 503;
      // Without its voter the run is not over before the Leases are lost.
      const voter = pids.get('voter-1')!;
      process.kill(voter, 'SIGSTOP');
      setTimeout(() => {
        api.mode = 'well';
        process.kill(voter, 'SIGCONT');
      }, 4000);
    },
  });
  expect(result).toEqual({ ...undisturbed, restarts: expect.any(Array) });
  expect(result.restarts.toSorted()).toEqual(['coordinator', 'learner']);
  const log = readFileSync(join(runFolder, 'logs', 'learner.log'), 'utf8');
  expect(log).toContain('could not be renewed for 2.0 s: the API server answers 503');
  expect(log).toContain('waiting for the lease');
  for (const service of ['learner', 'coordinator']) {
    expect(api.leases.get(`run-${service}`)?.spec.holderIdentity).toBe('');
  }
}, 180_000);
