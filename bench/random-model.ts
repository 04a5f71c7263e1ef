import { saveModelFolder } from '@mgrpo/checkpoint';
import { arithmeticCharacters } from '@mgrpo/datasets';
import { initialWeights, numParameters, parseModelConfig } from '@mgrpo/model';
import { writeCharTokenizer } from '@mgrpo/tokenizer';

/** By their number of parameters; so many characters that random weights seldom end a response before its limit. */
const sizes = {
  '5M': { hiddenSize: 256, numLayers: 6, numHeads: 4, mlpSize: 768, numOtherCharacters: 500 },
  '50M': { hiddenSize: 512, numLayers: 12, numHeads: 8, mlpSize: 2048, numOtherCharacters: 4000 },
} as const;

/** Makes a model of random weights that answers at random and at length; returns its number of parameters. */
export async function saveRandomModel(folder: string, size: keyof typeof sizes): Promise<number> {
  const { hiddenSize, numLayers, numHeads, mlpSize, numOtherCharacters } = sizes[size];
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
    hidden_size: hiddenSize,
    num_hidden_layers: numLayers,
    num_attention_heads: numHeads,
    num_key_value_heads: numHeads,
    head_dim: 64,
    intermediate_size: mlpSize,
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
