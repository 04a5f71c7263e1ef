import { loadModelFolder } from '@mgrpo/checkpoint';
import type { Device } from '@mgrpo/runtime';
import { expect, inject, test } from 'vitest';
import { GenerationEngine } from './engine.ts';
import type { Rollout } from './request.ts';
import { projectFolder, promptRequest } from './testing.ts';

// Sums of up to 97 numbers in another order: a few units of float32's last place at logprobs of up to 8.
const tolerance = 5e-5;

/** Greedy and sampled rollouts, more of them than slots. */
async function generateOn(device: Device, folder: string): Promise<Rollout[]> {
  const { config, weights } = await loadModelFolder(folder);
  const engine = await GenerationEngine.start({ model: config, slots: 6, device });
  await engine.setWeights(1, weights);
  const samplings = [{ temperature: 0 }, { temperature: 1.1 }, { temperature: 0.8, topP: 0.9 }];
  const requests = samplings.map((sampling, prompt) =>
    promptRequest(prompt, {
      numRollouts: 4,
      sampling: { ...sampling, maxResponseTokens: 12, stopTokenIds: [] },
    }),
  );
  const rollouts = await Promise.all(requests.map((request) => engine.generate(request)));
  await engine.close();
  return rollouts.flat();
}

function largestGap(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

test.skipIf(!inject('hasWebGpu'))(
  'WebGPU generates what the CPU does, up to rounding',
  async () => {
    const { folder } = projectFolder('test/fixtures/tiny-qwen3');
    const expected = await generateOn('cpu', folder);
    const rollouts = await generateOn('webgpu', folder);
    expect(rollouts).toHaveLength(12);
    for (const [i, rollout] of rollouts.entries()) {
      expect(rollout.tokens).toEqual(expected[i]!.tokens);
      expect(largestGap(rollout.logprobs, expected[i]!.logprobs)).toBeLessThan(tolerance);
      expect(largestGap(rollout.entropies, expected[i]!.entropies)).toBeLessThan(tolerance);
    }
  },
  120_000,
);
