import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { chooseDevice, type Device, type Surroundings } from './device.ts';
import { explainFailure } from './device-failure.ts';
import { findGpus } from './gpus.ts';
import { probeDevice } from './probe-device.ts';

/** A machine on which some devices work. */
function machine(working: readonly Device[], gpus: readonly string[] | null = ['AMD']) {
  const tried: Device[] = [];
  const surroundings: Surroundings = {
    probe: async (device) => {
      tried.push(device);
      return working.includes(device)
        ? { kind: 'works', bits: 'b175' }
        : { kind: 'fails', reason: `no ${device} here` };
    },
    gpus: () => gpus,
  };
  return { surroundings, tried };
}

describe('auto', () => {
  test.each([
    [['webgpu', 'cuda'], 'cuda', []],
    [['webgpu'], 'webgpu', ['cuda']],
    [[], 'cpu', ['cuda', 'webgpu']],
  ] as const)('of %j takes %s and says why not %j', async (working, device, passedOver) => {
    const choice = await chooseDevice('auto', {}, machine(working).surroundings);
    expect(choice.device).toBe(device);
    expect(choice.identity).toBe(device === 'cpu' ? 'cpu' : `${device} b175`);
    const reasons = passedOver.map((other) => ({ device: other, reason: `no ${other} here` }));
    expect(choice.passedOver).toEqual(reasons);
  });

  test('takes no WebGPU that would compute on the processor', async () => {
    const { surroundings, tried } = machine(['webgpu'], []);
    const choice = await chooseDevice('auto', {}, surroundings);
    expect(choice.device).toBe('cpu');
    expect(choice.passedOver[1]!.reason).toContain('lists no GPU');
    expect(tried).toEqual(['cuda']);
  });

  test('tries WebGPU where the system has no list of GPUs', async () => {
    const choice = await chooseDevice('auto', {}, machine(['webgpu'], null).surroundings);
    expect(choice.device).toBe('webgpu');
  });
});

test('a device that is asked for by name is not replaced by another', async () => {
  const { surroundings } = machine(['cuda']);
  await expect(chooseDevice('webgpu', {}, surroundings)).rejects.toMatchObject({
    code: 'RESOURCE',
    message: 'device webgpu does not work here: no webgpu here',
  });
});

test('the CPU is taken untried', async () => {
  const { surroundings, tried } = machine([]);
  expect(await chooseDevice('cpu', {}, surroundings)).toMatchObject({
    device: 'cpu',
    identity: 'cpu',
  });
  expect(tried).toEqual([]);
});

test('GPUs are what a maker of GPUs shows on the bus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-pci-'));
  const add = (name: string, displayClass: string, vendor: string) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'class'), `${displayClass}\n`);
    writeFileSync(join(folder, name, 'vendor'), `${vendor}\n`);
  };
  add('00:01.0', '0x020000', '0x8086'); // a network card
  add('00:02.0', '0x030000', '0x1a03'); // a server's console
  expect(findGpus(folder)).toEqual([]);
  add('00:03.0', '0x030200', '0x10de');
  expect(findGpus(folder)).toEqual(['NVIDIA']);
  expect(findGpus(join(folder, 'absent'))).toBeNull();
});

test.each([
  ["Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open\nFailed to get", 'libvulkan1'],
  ['Failed to get a WebGPU adapter: No supported adapters', 'no GPU that WebGPU can use'],
  ['libcudnn.so.9: cannot open shared object file', 'cuDNN 9 is missing'],
  ['what nobody has seen\nError: green smoke\n\n', 'Error: green smoke'],
  ['', 'it said nothing'],
])('%j is explained', (output, explanation) => {
  expect(explainFailure(output)).toContain(explanation);
});

test('CUDA without its provider says what to install', async () => {
  expect(await probeDevice('cuda')).toMatchObject({
    kind: 'fails',
    reason: expect.stringContaining('the CUDA provider is not in this installation'),
  });
});

test.skipIf(!inject('hasWebGpu'))('the bits of a device are those of its last trial', async () => {
  const first = await probeDevice('webgpu');
  expect(first).toMatchObject({ kind: 'works', bits: expect.stringMatching(/^[0-9a-f]{12}$/) });
  expect(await probeDevice('webgpu')).toEqual(first);
});

test.skipIf(!inject('hasWebGpu'))(
  'a tensor beyond the device’s limit is refused with both numbers',
  async () => {
    // Of Qwen3-8B in float32, which SwiftShader's buffers of 1 GiB can't hold.
    const embedding = { name: 'the embedding', bytes: 151_936 * 4096 * 4 };
    expect(await probeDevice('webgpu', { largest: embedding })).toEqual({
      kind: 'fails',
      reason:
        'the embedding would need 2489319424 bytes in one buffer, more than its limit of 1073741824 bytes',
    });
  },
);

test.skipIf(!inject('hasWebGpu'))(
  'auto takes the CPU where nothing else holds the largest tensor, and says so with the numbers',
  async () => {
    const logits = { name: 'the logits of 8192 tokens', bytes: 8192 * 151_936 * 4 };
    const surroundings = { probe: probeDevice, gpus: () => ['AMD'] };
    const choice = await chooseDevice('auto', { largest: logits }, surroundings);
    expect(choice.device).toBe('cpu');
    expect(choice.passedOver[1]).toEqual({
      device: 'webgpu',
      reason:
        'the logits of 8192 tokens would need 4978638848 bytes in one buffer, more than its limit of 1073741824 bytes',
    });
  },
);

test('where no device computes in float16 auto does not fall back to the CPU, which never does', async () => {
  await expect(
    chooseDevice('auto', { float16: true }, machine([]).surroundings),
  ).rejects.toMatchObject({
    code: 'RESOURCE',
    message: 'no device here computes in float16 (cuda: no cuda here; webgpu: no webgpu here)',
  });
});

test.skipIf(!inject('hasWebGpu'))(
  'a device computes in float16, or is refused for not having it',
  async () => {
    const probe = await probeDevice('webgpu', { float16: true });
    if (probe.kind === 'works') return;
    // SwiftShader.
    expect(probe.reason).toBe('its GPU or driver has no float16 (WebGPU’s feature shader-f16)');
  },
);
