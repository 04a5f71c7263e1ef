import { loadRunConfig } from '@mgrpo/config';
import { parseModelConfig } from '@mgrpo/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, memoryPlan } from './memory-plan.ts';
import { whatFits } from './what-fits.ts';

const model = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 151_936,
  hidden_size: 1024,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 3072,
  max_position_embeddings: 32_768,
  tie_word_embeddings: true,
});
const config = loadRunConfig({
  file: null,
  environment: {},
  overrides: ['model.path=a', 'prompts.train=b'].map((assignment) => ({ flag: '', assignment })),
});
const gigabyte = 1e9;

test('a machine with all the memory in the world takes every process as it is', () => {
  const fits = whatFits(model, { config, memoryBytes: 1e15 });
  expect(fits.map(({ kind }) => kind)).toEqual(['fits', 'fits', 'fits']);
});

test('a process that fits with less is given the largest value with which it does', () => {
  const policyBytes = (slots: number) => {
    const deployment = {
      ...config.deployment,
      rollout: { ...config.deployment.rollout, slots },
    };
    return bytesOf(memoryPlan(model, { ...config, deployment }).processes[1]!);
  };
  const few = fc.integer({ min: 8, max: 50 });
  fc.assert(
    fc.property(few, (gigabytes) => {
      const memoryBytes = gigabytes * gigabyte;
      const fit = whatFits(model, { config, memoryBytes })[1]!;
      if (fit.kind !== 'fits-with') throw new Error(`it is ${fit.kind} at ${gigabytes} GB`);
      expect(fit.settings.map(({ key }) => key)).toEqual(['deployment.rollout.slots']);
      const slots = Number(fit.settings[0]!.value);
      expect(policyBytes(slots)).toBeLessThanOrEqual(memoryBytes);
      expect(policyBytes(slots + 1)).toBeGreaterThan(memoryBytes);
    }),
  );
});

test('a process that fits in no way says what it takes at least', () => {
  const memoryBytes = 4 * gigabyte;
  for (const fit of whatFits(model, { config, memoryBytes })) {
    expect(fit.kind).toBe('too-large');
    if (fit.kind === 'too-large') expect(fit.least).toBeGreaterThan(memoryBytes);
  }
});

test('layers made again take far less than one graph, and auto is one of the two', () => {
  const activations = (recompute: 'auto' | 'none' | 'layers') => {
    const plan = memoryPlan(model, { ...config, learner: { ...config.learner, recompute } });
    return plan.processes[0]!.parts.at(-1)!.bytes;
  };
  expect(activations('layers')).toBeLessThan(activations('none') / 10);
  expect(activations('auto')).toBe(activations('layers'));
});

test('the KL reference on disk is 4 bytes a parameter less, which is named before what costs bits', () => {
  const learnerOf = (...assignments: string[]) => {
    const changed = loadRunConfig({
      file: null,
      environment: {},
      overrides: ['model.path=a', 'prompts.train=b', ...assignments].map((assignment) => ({
        flag: '',
        assignment,
      })),
    });
    const [learner] = memoryPlan(model, changed).processes;
    const fit = (memoryBytes: number) => whatFits(model, { config: changed, memoryBytes })[0]!;
    return { bytes: bytesOf(learner!), fit };
  };
  const onDisk = 'deployment.learner.reference=disk';
  const held = learnerOf();
  const stored = learnerOf(onDisk);
  expect(held.bytes - stored.bytes).toBe(4 * memoryPlan(model, config).parameters);
  expect(held.fit(stored.bytes)).toMatchObject({
    kind: 'fits-with',
    settings: [{ key: 'deployment.learner.reference', value: 'disk' }],
  });
  const both = held.fit(stored.bytes - 1);
  if (both.kind !== 'fits-with') throw new Error(`it is ${both.kind}`);
  expect(both.settings.map(({ key }) => key)).toEqual([
    'deployment.learner.reference',
    'learner.microbatchTokens',
  ]);
  const turnedDown = both.settings.map(({ key, value }) => `${key}=${value}`);
  expect(learnerOf(...turnedDown).fit(stored.bytes - 1).kind).toBe('fits');
  // Where there is nothing to gain, it is not named.
  for (const other of ['algorithm.adapter={}', 'algorithm.loss.klReference=momentum', onDisk]) {
    const fit = learnerOf(other).fit(1e9);
    if (fit.kind !== 'too-large') throw new Error(`${other}: it is ${fit.kind}`);
    expect(fit.settings.map(({ key }) => key)).toEqual(['learner.microbatchTokens']);
  }
});
