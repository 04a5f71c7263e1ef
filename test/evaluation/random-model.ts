import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveModelFolder } from '@mgrpo/checkpoint';
import { initialWeights, parseModelConfig } from '@mgrpo/model';
import { writeCharTokenizer } from '@mgrpo/tokenizer';

/** Random weights over many characters, so that a response is some hundreds of tokens long. */
export async function makeRandomModel(folder: string, seed = 7): Promise<void> {
  const tokenizerFolder = `${folder}-tokenizer`;
  const characters = Array.from({ length: 400 }, (_, i) => String.fromCodePoint(32 + i)).join('');
  const { vocabSize, endTokenId } = await writeCharTokenizer(tokenizerFolder, characters);
  const configJson = {
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    vocab_size: vocabSize,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: 48,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    max_position_embeddings: 512,
    eos_token_id: endTokenId,
    hidden_act: 'silu',
  };
  const weights = initialWeights(parseModelConfig(configJson), seed);
  await saveModelFolder(folder, { configJson, weights, tokenizerFolder });
}

/** Eight problems as the file of each of these benchmarks. */
export function writeProblems(folder: string, benchmarks: readonly string[]): void {
  mkdirSync(folder);
  const rows = Array.from({ length: 8 }, (_, i) => {
    return { id: `p${i}`, prompt: `What is ${i} + 1?`, answer: `${i + 1}` };
  });
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  for (const name of benchmarks) writeFileSync(join(folder, `${name}.jsonl`), lines);
}
