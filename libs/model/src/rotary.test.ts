import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ConfigFields } from './config-fields.ts';
import { parseRope, type Rope } from './rope-scaling.ts';
import { rotaryTables } from './rotary.ts';

const rope = (json: object): Rope => parseRope(new ConfigFields(json));

/** The angle of each pair at position 1, where no turn is full: what the tables say the frequency is. */
function frequencies({ theta, scaling }: Rope, headDim: number): number[] {
  const tables = rotaryTables({ headDim, ropeTheta: theta, ropeScaling: scaling }, 2);
  const half = headDim / 2;
  return Array.from({ length: half }, (_, i) =>
    Math.atan2(tables.sin[half + i]!, tables.cos[half + i]!),
  );
}

test('llama3 gives the frequencies of Llama 3.1, computed in float64 by make_rope_scaling.py', () => {
  const path = new URL('../../../test/fixtures/rope-scaling.json', import.meta.url);
  const { llama31 } = JSON.parse(readFileSync(path, 'utf8')) as {
    llama31: { rope_theta: number; rope_scaling: object; frequencies: number[] };
  };
  const ours = frequencies(rope(llama31), 128);
  expect(ours).toHaveLength(llama31.frequencies.length);
  for (const [i, expected] of llama31.frequencies.entries()) {
    expect(Math.abs(ours[i]! / expected - 1), `pair ${i}`).toBeLessThan(1e-6);
  }
});

test('llama3 keeps fast pairs, slows slow ones by the factor and blends between', () => {
  const scaling = {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
  };
  const plain = frequencies(rope({ rope_theta: 10_000 }), 12);
  const scaled = frequencies(rope({ rope_theta: 10_000, rope_scaling: scaling }), 12);
  const ratios = scaled.map((frequency, i) => frequency / plain[i]!);
  expect(ratios[0]).toBe(1);
  // Wavelength 29.164: (64 / 29.164 - 1) / 3 = 0.39817 of the way, so 0.39817 + 0.60183 / 8.
  expect(ratios[1]).toBeCloseTo(0.4734, 4);
  for (const ratio of ratios.slice(2)) expect(ratio).toBeCloseTo(1 / 8, 6);
});

test('linear scaling at four times the position is no scaling', () => {
  const linear = rope({ rope_scaling: { type: 'linear', factor: 4 } });
  const scaled = rotaryTables(
    { headDim: 12, ropeTheta: linear.theta, ropeScaling: linear.scaling },
    9,
  );
  const plain = rotaryTables({ headDim: 12, ropeTheta: 10_000, ropeScaling: { kind: 'none' } }, 3);
  for (const position of [0, 1, 2]) {
    for (let i = 0; i < 6; i++) {
      expect(scaled.cos[4 * position * 6 + i]).toBeCloseTo(plain.cos[position * 6 + i]!, 6);
    }
  }
});

test.each([
  [{ rope_type: 'yarn', factor: 4 }, 'rope_type "yarn" is not supported; it must be default'],
  [{ type: 'dynamic', factor: 2 }, 'rope_type "dynamic"'],
  [{ rope_type: 'longrope', long_factor: [1] }, 'rope_type "longrope"'],
  [{ type: 'mrope', mrope_section: [16] }, 'rope_type "mrope"'],
  [{ rope_type: 'linear' }, 'rope_scaling.factor is undefined, not a positive number'],
  [{ rope_type: 'linear', factor: -1 }, 'rope_scaling.factor is -1'],
  [{ rope_type: 'llama3', factor: 8 }, 'rope_scaling.low_freq_factor is undefined'],
  [
    { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4 },
    'high_freq_factor 4 is not above low_freq_factor 4',
  ],
  [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor 0.5 is not supported'],
  [{ full_attention: { rope_type: 'default' } }, 'differ by layer type'],
])('%j is refused by name', (scaling, message) => {
  expect(() => rope({ rope_scaling: scaling })).toThrow(message);
});
