import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeModel } from '@mgrpo/checkpoint';
import { parameterSpecs } from '@mgrpo/model';
import { afterAll, describe, expect, test } from 'vitest';

const configs = join(import.meta.dirname, '../../../shared/models/qwen3-configs');
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-qwen3-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!existsSync(configs))(
  'Qwen3 by its config.json (skipped without ../shared/models/qwen3-configs)',
  () => {
    // The numbers of parameters that the published files hold.
    test.each([
      ['Qwen3-1.7B', 1_720_574_976, 310],
      ['Qwen3-1.7B-Base', 1_720_574_976, 310],
      ['Qwen3-4B-Base', 4_022_468_096, 398],
      ['Qwen3-8B-Base', 8_190_735_360, 399],
    ])('%s has %i parameters in %i tensors', async (name, parameters, tensors) => {
      const model = await describeModel(join(configs, `${name}.config.json`));
      expect(model).toMatchObject({ parameters, tensors, weights: { kind: 'none' } });
      expect(model.config).toMatchObject({ headDim: 128, qkNorm: true, qkvBias: false });
    });

    test("names and size are those of the index of Qwen3-1.7B's own files", async () => {
      copyFileSync(join(configs, 'Qwen3-1.7B.config.json'), join(folder, 'config.json'));
      const index = 'model.safetensors.index.json';
      copyFileSync(join(configs, `Qwen3-1.7B.${index}`), join(folder, index));
      const { config, parameters, weights } = await describeModel(folder);
      expect(weights).toEqual({ kind: 'index', bytes: 2 * parameters, unused: [] });
      const specs = new Map(parameterSpecs(config).map(({ name, shape }) => [name, shape]));
      expect(specs.get('model.layers.27.self_attn.k_proj.weight')).toEqual([1024, 2048]);
      expect(specs.get('model.layers.0.self_attn.q_norm.weight')).toEqual([128]);
      expect(specs.get('model.layers.0.mlp.down_proj.weight')).toEqual([2048, 6144]);
    });
  },
);
