import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunFolder } from '@mgrpo/checkpoint';
import { expect, test } from 'vitest';
import { RoleDevices } from './role-devices.ts';

const options = { warn: () => {} };
const newFolder = async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'mgrpo-devices-')), 'run');
  return await RunFolder.create(path, { config: {}, manifest: { runId: 'r' } }, options);
};

test('the first worker of a role settles its device, for later learners too', async () => {
  const folder = await newFolder();
  const devices = new RoleDevices(folder);
  await devices.admit('policy', 'a:1', 'webgpu 12');
  await devices.admit('momentum', 'b:1', 'cpu');
  await devices.admit('policy', 'a:2', 'webgpu 12');
  const { manifest } = await RunFolder.open(folder.path, options);
  expect(manifest).toMatchObject({
    runId: 'r',
    devices: { policy: 'webgpu 12', momentum: 'cpu' },
  });
  const successor = new RoleDevices(await RunFolder.open(folder.path, options));
  await expect(successor.admit('policy', 'c:1', 'cpu')).rejects.toMatchObject({
    code: 'INCOMPATIBLE',
    message: expect.stringMatching(/c:1 computes on "cpu".*policy.*"webgpu 12"/),
  });
});

test('a GPU that rounds differently is another device', async () => {
  const devices = new RoleDevices(await newFolder());
  await devices.admit('policy', 'a:1', 'webgpu 12');
  await expect(devices.admit('policy', 'a:2', 'webgpu 34')).rejects.toThrow('equal drivers');
});

test('of two first workers one is refused', async () => {
  const devices = new RoleDevices(await newFolder());
  const both = [
    devices.admit('policy', 'a:1', 'cpu'),
    devices.admit('policy', 'a:2', 'webgpu 12'),
    devices.admit('momentum', 'a:3', 'webgpu 12'),
  ];
  const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
  expect(outcomes).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a learner that is started again trains on the device that it trained on', async () => {
  const folder = await newFolder();
  await new RoleDevices(folder).admit('learner', 'a:1', 'cpu');
  const elsewhere = new RoleDevices(folder).admit('learner', 'b:1', 'webgpu 12');
  await expect(elsewhere).rejects.toThrow('the steps of this run are made on "cpu"');
});
