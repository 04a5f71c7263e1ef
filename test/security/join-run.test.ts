import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRunConfig } from '@mgrpo/config';
import { RpcServer } from '@mgrpo/rpc';
import { joinRun } from '@mgrpo/service';
import { expect, it, onTestFinished } from 'vitest';
import { makeSecrets, securityWith } from './secrets-folder.ts';

const recipes = fileURLToPath(new URL('../../recipes', import.meta.url));

it('a service of another authority says why it can not join', async () => {
  const [ours, others] = [makeSecrets(), makeSecrets()];
  onTestFinished(() => [ours, others].forEach((each) => void each.remove()));
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    services: [],
    security: securityWith({ certificates: ours.certificates('learner') }),
  });
  onTestFinished(() => server.close(0));
  const settings = { 'learner.address': `127.0.0.1:${server.port}`, 'deadlines.startMs': 500 };
  const config = loadRunConfig({
    file: join(recipes, 'arithmetic.yaml'),
    environment: {},
    overrides: Object.entries(settings).map(([key, value]) => ({
      flag: '--set',
      assignment: `deployment.${key}=${value}`,
    })),
  });
  const stranger = securityWith({ certificates: others.certificates('voter') });
  await expect(joinRun(config, stranger)).rejects.toMatchObject({
    code: 'DEADLINE',
    message: expect.stringMatching(/could not join the run in time: learner at .*certificate/),
  });
});
