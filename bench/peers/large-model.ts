import { saveModelFolder } from '@mgrpo/checkpoint';
import { arithmeticCharacters } from '@mgrpo/datasets';
import { initialWeights, numParameters, parseModelConfig } from '@mgrpo/model';
import { writeCharTokenizer } from '@mgrpo/tokenizer';

/** So many that a model of random weights seldom ends a response before its limit. */
const numOtherCharacters = 4000;

/** Makes a model of 50M parameters that answers at random and at length; returns how many there are. */
export async function saveLargeModel(folder: string): Promise<number> {
  const others = Array.from({ length: numOtherCharacters }, (_, i) =>
    String.fromCodePoint(0x4e00 + i),
  );
  const tokenizerFolder = `${folder}-tokenizer`;
  const characters = arithmeticCharacters + others.join('');
  const { vocabSize, endTokenId } = await writeCharTokenizer(tokenizerFolder, characters);
  const configJson = {
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    vocab_size: vocabSize,
    hidden_size: 512,
    num_hidden_layers: 12,
    num_attention_heads: 8,
    num_key_value_heads: 8,
    head_dim: 64,
    intermediate_size: 2048,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    max_position_embeddings: 512,
    eos_token_id: endTokenId,
    hidden_act: 'silu',
  };
  const config = parseModelConfig(configJson);
  await saveModelFolder(folder, {
    configJson,
    weights: initialWeights(config, 1),
    tokenizerFolder,
  });
  return numParameters(config);
}
