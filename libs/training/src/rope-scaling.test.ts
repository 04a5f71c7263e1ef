import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ModelConfig, parseModelConfig } from '@mgrpo/model';
import { expect, test } from 'vitest';
import { weightFeeds } from './model-feeds.ts';
import { openGradientPass } from './open-passes.ts';
import { readReferenceFolder } from './reference-folder.ts';
import { Scorer } from './scorer.ts';
import type { TokenScores } from './token-scores.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures', import.meta.url));
const { sequences, weights } = await readReferenceFolder(join(fixtures, 'tiny-llama'));
const configJson = JSON.parse(readFileSync(join(fixtures, 'tiny-llama/config.json'), 'utf8'));

interface Scaled {
  readonly rope_scaling: object;
  readonly logprobs: readonly (readonly number[])[];
  readonly loss: number;
  readonly scale_derivative: number;
}
const { models } = JSON.parse(readFileSync(join(fixtures, 'rope-scaling.json'), 'utf8')) as {
  models: Record<'linear' | 'llama3', Scaled>;
};

/** As transformers 4 writes it and as 5 does. */
function configs({ rope_scaling }: Scaled): ModelConfig[] {
  const { rope_parameters, rope_theta, ...rest } = configJson;
  return [
    parseModelConfig({ ...rest, rope_theta, rope_scaling }),
    parseModelConfig({ ...rest, rope_parameters: { rope_theta, ...rope_scaling } }),
  ];
}

function expectLogprobs(scores: readonly TokenScores[], { logprobs }: Scaled): void {
  for (const [i, expected] of logprobs.entries()) {
    const gaps = expected.map((value, t) => Math.abs(value - scores[i]!.logprobs[t]!));
    expect(Math.max(...gaps)).toBeLessThan(3e-5); // float32 against float64
  }
}

test.each(['linear', 'llama3'] as const)(
  'with %s scaling scores, loss and gradient are those of an independent float64 model',
  async (kind) => {
    const scaled = models[kind];
    const [config, sameConfig] = configs(scaled);
    expect(sameConfig).toEqual(config);
    const feeds = weightFeeds(config!, weights);
    const scorer = await Scorer.open(config!);
    const options = { temperature: 1, microbatchTokens: 1000 };
    expectLogprobs(await scorer.score(feeds, sequences, options), scaled);
    await scorer.close();

    const pass = await openGradientPass(config!, {
      ...options,
      recompute: 'none',
      adapter: null,
      loss: { kind: 'log-likelihood' },
      aggregation: 'eq3',
      layout: 'padded',
    });
    const numTokens = sequences.reduce((sum, s) => sum + s.responseTokens.length, 0);
    const totals = { numTokens, numSequences: sequences.length, numPrompts: 1 };
    const { loss, gradient, scores } = await pass.run(feeds, sequences, totals);
    expectLogprobs(scores, scaled);
    expect(loss).toBeCloseTo(scaled.loss, 4);
    const derivative = gradient.reduce((sum, g, i) => sum + g * weights[i]!, 0);
    expect(derivative / scaled.scale_derivative).toBeCloseTo(1, 5);
    await pass.close();
  },
);
