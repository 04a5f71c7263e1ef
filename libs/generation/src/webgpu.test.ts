import { loadModelFolder } from '@mgrpo/checkpoint';
import type { Device } from '@mgrpo/runtime';
import { expect, inject, test } from 'vitest';
import { GenerationEngine } from './engine.ts';
import type { GenerationStats } from './generator.ts';
import type { Rollout } from './request.ts';
import { projectFolder, promptRequest } from './testing.ts';

// Sums of up to 97 numbers in another order: a few units of float32's last place at logprobs of up to 8.
const tolerance = 5e-5;

interface Generated {
  readonly rollouts: readonly Rollout[];
  /** Before and after the last request, which is of the second version alone. */
  readonly stats: readonly GenerationStats[];
  /** The last request's first rollout by itself, and all of it beside other rollouts. */
  readonly lone: readonly Rollout[];
  readonly inCompany: readonly Rollout[];
}

/**
 * Rollouts of two weight versions, more of them than slots: greedy, sampled and cut, of several lengths, one so long that
 * caches grow while others come and go.
 */
async function generateOn(device: Device, folder: string): Promise<Generated> {
  const { config, weights } = await loadModelFolder(folder);
  const engine = await GenerationEngine.start({ model: config, slots: 5, device });
  await engine.setWeights(1, weights);
  const request = (prompt: number, sampling: object, weightVersion = 1) =>
    promptRequest(prompt, {
      numRollouts: 3,
      weightVersion,
      sampling: { maxResponseTokens: 12, ...sampling },
    });
  const first = [
    request(0, { temperature: 0, stopTokenIds: [] }),
    request(1, { temperature: 1.1, maxResponseTokens: 70, stopTokenIds: [] }),
    request(2, { temperature: 0.8, topP: 0.9, topK: 20 }),
    request(3, { temperature: 1.1 }),
  ];
  const underWay = first.map((each) => engine.generate(each));
  await engine.setWeights(
    2,
    weights.map((x) => 1.1 * x),
  );
  await engine.dropWeights(1);
  const rollouts = (await Promise.all(underWay)).flat();
  const before = await engine.stats();
  const second = request(1, { temperature: 0.8, maxResponseTokens: 30, stopTokenIds: [] }, 2);
  rollouts.push(...(await engine.generate(second)));
  const after = await engine.stats();
  const lone = await engine.generate({ ...second, numRollouts: 1 });
  const company = request(3, { temperature: 0.8, maxResponseTokens: 9 }, 2);
  const [inCompany] = await Promise.all([second, company].map((each) => engine.generate(each)));
  await engine.close();
  return { rollouts, stats: [before, after], lone, inCompany: inCompany! };
}

function largestGap(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

test.skipIf(!inject('hasWebGpu'))(
  'WebGPU generates what the CPU does, up to rounding, the same bits in any company, and moves little',
  async () => {
    const { folder } = projectFolder('test/fixtures/tiny-qwen3');
    const cpu = await generateOn('cpu', folder);
    const webGpu = await generateOn('webgpu', folder);
    expect(webGpu.rollouts).toHaveLength(15);
    for (const [i, rollout] of webGpu.rollouts.entries()) {
      const expected = cpu.rollouts[i]!;
      expect(rollout.tokens).toEqual(expected.tokens);
      expect(rollout.finishReason).toBe(expected.finishReason);
      expect(largestGap(rollout.logprobs, expected.logprobs)).toBeLessThan(tolerance);
      expect(largestGap(rollout.entropies, expected.entropies)).toBeLessThan(tolerance);
    }
    expect(webGpu.lone).toEqual(webGpu.rollouts.slice(12, 13));
    expect(webGpu.inCompany).toEqual(webGpu.rollouts.slice(12));
    const perToken = ({ stats: [before, after] }: Generated) =>
      (after!.movedBytes! - before!.movedBytes!) /
      (after!.numResponseTokens - before!.numResponseTokens);
    // The CPU's graphs read weights and caches by reference: what a GPU would be sent without memory of its own.
    expect(perToken(cpu)).toBeGreaterThan(100_000);
    expect(perToken(webGpu)).toBeLessThan(600);
  },
  300_000,
);
