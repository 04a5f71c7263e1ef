import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { compareWithReference, outOfTolerance } from './compare-with-reference.ts';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));

const models = ['tiny-qwen3', 'tiny-qwen2', 'tiny-llama'];

test.each(models.flatMap((name) => (['none', 'layers'] as const).map((r) => [name, r] as const)))(
  '%s, recompute %s: forward, loss, gradients and three AdamW steps are those of PyTorch',
  async (name, recompute) => {
    const comparison = await compareWithReference(fixture(name), { recompute });
    expect(outOfTolerance(comparison), JSON.stringify(comparison)).toEqual([]);
  },
);

test.skipIf(!inject('hasWebGpu'))(
  'tiny-qwen3 on WebGPU: the same, at the same tolerances',
  async () => {
    const comparison = await compareWithReference(fixture('tiny-qwen3'), { device: 'webgpu' });
    expect(outOfTolerance(comparison), JSON.stringify(comparison)).toEqual([]);
  },
  300_000,
);

test('what is out of tolerance is named, NaN included', () => {
  const comparison = {
    logits: 0,
    logprobs: 3e-5,
    entropies: 0,
    loss: 0,
    gradients: Number.NaN,
    afterStep: 0,
    afterThreeSteps: 0,
    greedyEqual: false,
  };
  expect(outOfTolerance(comparison)).toEqual(['logprobs', 'gradients', 'greedyEqual']);
});

test('a folder without reference.json is refused by name', async () => {
  await expect(compareWithReference(fixture('no-such-folder'))).rejects.toThrow('no-such-folder');
});
