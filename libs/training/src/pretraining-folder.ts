import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JsonObject, saveModelFolder, weightsSha256 } from '@mgrpo/checkpoint';
import type { PretrainConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import { type Fingerprint, fingerprint } from '@mgrpo/runtime';
import { type CharVocabulary, writeCharTokenizer } from '@mgrpo/tokenizer';

/** Beside the weights: what they were made from and on, and their hash. */
export const pretrainingFile = 'pretraining.json';

/** The contents of `pretraining.json`: a function of configuration and machine, so a remake is equal to the byte. */
export interface PretrainingManifest {
  /** Of the flat weights, as `weightsSha256` takes it. */
  readonly weightsSha256: string;
  readonly parameters: number;
  /** Mean loss of the last 50 steps, nats a token. */
  readonly loss: number;
  /** The machine that made these bits. */
  readonly machine: Fingerprint;
  readonly config: Omit<PretrainConfig, 'output'>;
}

/** Writes tokenizer and generation settings to a temporary folder: what a model folder takes along. */
export async function withTokenizerFolder<T>(
  characters: string,
  use: (folder: string, vocabulary: CharVocabulary) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-tokenizer-'));
  try {
    const vocabulary = await writeCharTokenizer(folder, characters);
    const { endTokenId, padTokenId } = vocabulary;
    const generation = { do_sample: true, eos_token_id: endTokenId, pad_token_id: padTokenId };
    await writeFile(join(folder, 'generation_config.json'), jsonText(generation));
    return await use(folder, vocabulary);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const architectures = { qwen3: 'Qwen3ForCausalLM', llama: 'LlamaForCausalLM' } as const;

/** `config.json` of a model that starts from nothing, as transformers reads it. */
export function modelConfigJson(
  model: PretrainConfig['model'],
  { vocabSize, endTokenId, padTokenId }: CharVocabulary,
): JsonObject {
  return {
    architectures: [architectures[model.architecture]],
    model_type: model.architecture,
    vocab_size: vocabSize,
    hidden_size: model.hiddenSize,
    num_hidden_layers: model.numLayers,
    num_attention_heads: model.numHeads,
    num_key_value_heads: model.numKvHeads,
    head_dim: model.headDim,
    intermediate_size: model.intermediateSize,
    hidden_act: 'silu',
    attention_bias: false,
    max_position_embeddings: model.maxPositionEmbeddings,
    rms_norm_eps: model.rmsNormEps,
    rope_theta: model.ropeTheta,
    tie_word_embeddings: model.tieWordEmbeddings,
    bos_token_id: null,
    eos_token_id: endTokenId,
    pad_token_id: padTokenId,
  };
}

/** What goes into a pretrained model's folder. */
export interface PretrainedModel {
  readonly config: PretrainConfig;
  readonly configJson: JsonObject;
  readonly weights: Float32Array;
  readonly loss: number;
}

/** Writes `config.output`: a folder that transformers opens, and `pretraining.json`. */
export async function savePretrained(
  { config, configJson, weights, loss }: PretrainedModel,
  tokenizerFolder: string,
): Promise<PretrainingManifest> {
  const { output, ...recipe } = config;
  await saveModelFolder(output, { configJson, weights, tokenizerFolder });
  const manifest = {
    weightsSha256: weightsSha256(weights),
    parameters: weights.length,
    loss,
    machine: await fingerprint(),
    config: recipe,
  };
  await writeFile(join(output, pretrainingFile), jsonText(manifest));
  return manifest;
}

/** The manifest of a pretrained folder; null where there is none that can be read. */
export async function readPretraining(folder: string): Promise<PretrainingManifest | null> {
  try {
    return JSON.parse(await readFile(join(folder, pretrainingFile), 'utf8')) as PretrainingManifest;
  } catch {
    return null;
  }
}

/**
 * Refuses a folder whose contents pretraining did not write, since the whole folder is replaced.
 *
 * @throws MgrpoError INVALID_CONFIG naming the folder and the key
 */
export async function requireReplaceable(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new MgrpoError('INVALID_CONFIG', `output ${folder} is no folder; choose another name`, {
      cause: error,
    });
  });
  if (names.length === 0 || names.includes(pretrainingFile)) return;
  throw new MgrpoError(
    'INVALID_CONFIG',
    `output ${folder} holds files that pretraining did not write, and would be replaced; choose a new folder`,
  );
}

function jsonText(json: object): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}
