import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numParameters, parseModelConfig } from '@mgrpo/model';
import { onTestFinished } from 'vitest';
import {
  type CheckpointState,
  CheckpointStore,
  type CheckpointStoreOptions,
} from './checkpoints.ts';
import type { Files } from './files.ts';
import { diskFiles } from './files.ts';

/** A Llama of 88 parameters. */
export const tinyConfigJson = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 5,
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  num_key_value_heads: 1,
  head_dim: 2,
  intermediate_size: 2,
  max_position_embeddings: 8,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
  eos_token_id: 1,
};

const numTinyParameters = numParameters(parseModelConfig(tinyConfigJson));

/** Flat weights of the tiny model: start, start + 1, … */
export function tinyWeights(start: number): Float32Array {
  return Float32Array.from({ length: numTinyParameters }, (_, i) => start + i);
}

/** A training state whose arrays all differ. */
export function tinyState(iterations: number): CheckpointState {
  return {
    iterations,
    optimizerSteps: iterations,
    lossScale: null,
    policy: tinyWeights(iterations),
    momentum: tinyWeights(1000 + iterations),
    adapter: null,
    firstMoment: tinyWeights(2000 + iterations),
    secondMoment: tinyWeights(3000 + iterations),
  };
}

/** A new empty folder, removed when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-checkpoint-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with the files of a tokenizer, of which only the names matter here. */
export async function tokenizerFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'tokenizer.json'), '{"model":{}}');
  await writeFile(join(folder, 'tokenizer_config.json'), '{}');
  return folder;
}

/** A store of tiny checkpoints that keeps two, and what it warned of. */
export async function openStore(folder: string, options: Partial<CheckpointStoreOptions> = {}) {
  const warnings: string[] = [];
  const store = await CheckpointStore.open(folder, {
    keep: 2,
    adapter: null,
    configJson: tinyConfigJson,
    tokenizerFolder: await tokenizerFolder(),
    files: diskFiles,
    warn: (message) => warnings.push(message),
    ...options,
  });
  return { store, warnings };
}

/** A disk with room for `capacity` more bytes: the write that passes it is done in part and fails with ENOSPC. */
export function fullDisk(capacity: number): Files {
  let free = capacity;
  const open: Files['open'] = async (...parameters) => {
    const handle = await diskFiles.open(...parameters);
    const write = handle.write.bind(handle) as (
      bytes: Uint8Array,
      offset: number,
      length: number,
    ) => Promise<{ bytesWritten: number }>;
    const limitedWrite = async (bytes: Uint8Array, offset = 0, length = bytes.length) => {
      if (free === 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      const result = await write(bytes, offset, Math.min(length, free));
      free -= result.bytesWritten;
      return result;
    };
    return Object.assign(handle, { write: limitedWrite });
  };
  return { ...diskFiles, open };
}
