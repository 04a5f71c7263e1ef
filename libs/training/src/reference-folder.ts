import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModelFolder, SafetensorsFile } from '@mgrpo/checkpoint';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type ModelConfig, parameterSpecs } from '@mgrpo/model';
import type { ReferencedSequence } from './gradient-pass.ts';

/** Numbers per response token, one list per sequence. */
export type PerToken = readonly (readonly number[])[];

/** The parts of `reference.json` that are compared; `make_fixtures.py` writes and explains them. */
interface ReferenceJson {
  readonly batch: {
    readonly input_ids: readonly (readonly number[])[];
    readonly prompt_length: readonly number[];
    readonly total_length: readonly number[];
  };
  /** Rows of all positions of some sequences. */
  readonly logits: readonly { readonly sequence: number; readonly values: PerToken }[];
  readonly temperatures: Readonly<
    Record<string, { readonly logprobs: PerToken; readonly entropies: PerToken }>
  >;
  readonly old_logprobs: PerToken;
  readonly ref_logprobs: PerToken;
  readonly advantages: readonly number[];
  readonly hyper: {
    readonly clip_ratio: number;
    readonly kl_coef: number;
    readonly objective_temperature: number;
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
    readonly max_grad_norm: number;
  };
  readonly steps: { readonly per_step: readonly { readonly loss: number }[] };
  readonly greedy: readonly {
    readonly prompt: readonly number[];
    readonly continuation: readonly number[];
  }[];
}

const requiredFields = [
  'batch',
  'logits',
  'temperatures',
  'old_logprobs',
  'ref_logprobs',
  'advantages',
  'hyper',
  'steps',
  'greedy',
] as const satisfies readonly (keyof ReferenceJson)[];

/** A model with what PyTorch computed from it. Arrays named after files are flat, in canonical order. */
export interface ReferenceFolder {
  readonly config: ModelConfig;
  readonly weights: Float32Array;
  readonly sequences: readonly ReferencedSequence[];
  readonly gradients: Float32Array;
  readonly afterStep: Float32Array;
  readonly afterThreeSteps: Float32Array;
  readonly json: ReferenceJson;
}

/**
 * Reads a folder that `make_fixtures.py` wrote: a model, `reference.json`, `grads.safetensors`,
 * `after_step.safetensors` and `after_three_steps.safetensors`.
 *
 * @throws MgrpoError INVALID_INPUT or INVALID_MODEL naming what is missing.
 */
export async function readReferenceFolder(folder: string): Promise<ReferenceFolder> {
  const { config, weights } = await loadModelFolder(folder);
  const json = await readJson(join(folder, 'reference.json'));
  const flat = (name: string) => readFlat(join(folder, `${name}.safetensors`), config);
  const { input_ids: ids, prompt_length: prompts, total_length: totals } = json.batch;
  return {
    config,
    weights,
    json,
    sequences: ids.map((tokens, b) => ({
      promptTokens: Int32Array.from(tokens.slice(0, prompts[b])),
      responseTokens: Int32Array.from(tokens.slice(prompts[b], totals[b])),
      behaviourLogprobs: Float32Array.from(json.old_logprobs[b]!),
      referenceLogprobs: Float32Array.from(json.ref_logprobs[b]!),
      importance: null,
      advantage: json.advantages[b]!,
    })),
    gradients: await flat('grads'),
    afterStep: await flat('after_step'),
    afterThreeSteps: await flat('after_three_steps'),
  };
}

async function readJson(path: string): Promise<ReferenceJson> {
  const remedy = 'point to a folder written by make_fixtures.py';
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    const what = `can't read ${path}: ${messageOf(cause)}`;
    throw new MgrpoError('INVALID_INPUT', `${what}; ${remedy}`, { cause });
  }
  for (const field of requiredFields) {
    if (typeof json[field] === 'object' && json[field] !== null) continue;
    throw new MgrpoError('INVALID_INPUT', `${path}: "${field}" is missing; ${remedy}`);
  }
  return json as unknown as ReferenceJson;
}

async function readFlat(path: string, config: ModelConfig): Promise<Float32Array> {
  const file = await SafetensorsFile.open(path);
  try {
    const specs = parameterSpecs(config);
    const flat = new Float32Array(specs.reduce((sum, { size }) => sum + size, 0));
    for (const { name, shape, offset, size } of specs) {
      const stored = file.tensors.get(name)?.shape;
      if (stored?.join() !== shape.join()) {
        const what = `${name} has shape [${stored ?? 'none'}], not [${shape}]`;
        throw new MgrpoError('INVALID_INPUT', `${path}: ${what}`);
      }
      await file.readInto(name, flat.subarray(offset, offset + size));
    }
    return flat;
  } finally {
    await file.close();
  }
}
