import { saveModelFolder } from '@mgrpo/checkpoint';
import { initialWeights, parseModelConfig } from '@mgrpo/model';
import { writeCharTokenizer } from '@mgrpo/tokenizer';

/** Makes a small model of random weights over single characters: for tests that need a model, not a good one. */
export async function saveRandomModel(
  folder: string,
  {
    characters,
    maxPositions,
    seed = 7,
  }: { readonly characters: string; readonly maxPositions: number; readonly seed?: number },
): Promise<void> {
  const tokenizerFolder = `${folder}-tokenizer`;
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
    max_position_embeddings: maxPositions,
    eos_token_id: endTokenId,
    hidden_act: 'silu',
  };
  const weights = initialWeights(parseModelConfig(configJson), seed);
  await saveModelFolder(folder, { configJson, weights, tokenizerFolder });
}
