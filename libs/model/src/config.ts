import { shown } from '@mgrpo/errors';
import { ConfigFields, invalidConfig } from './config-fields.ts';
import { parseRope, type RopeScaling } from './rope-scaling.ts';

export type Architecture = 'qwen3' | 'qwen2' | 'llama';

/** What a transformer's graphs are built from. Field meanings are those of Hugging Face's `config.json`. */
export interface ModelConfig {
  readonly architecture: Architecture;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  /** Key/value heads; each serves `numHeads / numKvHeads` query heads (GQA). */
  readonly numKvHeads: number;
  /** Not always hiddenSize / numHeads. */
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  /** Whether the output head is the embedding matrix. */
  readonly tieWordEmbeddings: boolean;
  readonly maxPositionEmbeddings: number;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  /** RMS norm of each query and key head before the rotary embedding (Qwen3). */
  readonly qkNorm: boolean;
  /** Biases on the query, key and value projections (Qwen2). */
  readonly qkvBias: boolean;
}

/** What each architecture fixes that `config.json` does not say. */
interface Traits {
  readonly qkNorm: boolean;
  readonly qkvBias: boolean;
  /** The class in transformers whose tensors and head we know. */
  readonly className: string;
  /** Head dim where `config.json` has none; null: hidden_size / num_attention_heads. */
  readonly headDim: number | null;
}

const traits: Readonly<Record<Architecture, Traits>> = {
  qwen3: { qkNorm: true, qkvBias: false, className: 'Qwen3ForCausalLM', headDim: 128 },
  qwen2: { qkNorm: false, qkvBias: true, className: 'Qwen2ForCausalLM', headDim: null },
  llama: { qkNorm: false, qkvBias: false, className: 'LlamaForCausalLM', headDim: null },
};

const maxLayers = 4096;

/**
 * The model configuration of a Hugging Face `config.json`, as transformers v4 or v5 writes it.
 *
 * v5 keeps the rotary embedding in `rope_parameters`, v4 in `rope_theta` and `rope_scaling`. The type of the
 * stored weights (`dtype`, `torch_dtype`) is not read: each tensor says its own.
 *
 * @throws MgrpoError INVALID_MODEL naming the field that is missing, mistyped or not supported.
 */
export function parseModelConfig(json: unknown): ModelConfig {
  const fields = new ConfigFields(json);
  const architecture = architectureOf(fields);
  const { qkNorm, qkvBias, headDim } = traits[architecture];
  rejectUnsupported(fields, architecture);
  const rope = parseRope(fields);
  const hiddenSize = fields.count('hidden_size');
  const numHeads = fields.count('num_attention_heads');
  const config: ModelConfig = {
    architecture,
    vocabSize: fields.count('vocab_size'),
    hiddenSize,
    numLayers: fields.count('num_hidden_layers'),
    numHeads,
    numKvHeads: fields.count('num_key_value_heads', numHeads),
    headDim: fields.count('head_dim', headDim ?? hiddenSize / numHeads),
    intermediateSize: fields.count('intermediate_size'),
    rmsNormEps: fields.positive('rms_norm_eps', 1e-6),
    ropeTheta: rope.theta,
    ropeScaling: rope.scaling,
    tieWordEmbeddings: fields.flag('tie_word_embeddings', false),
    maxPositionEmbeddings: fields.count('max_position_embeddings'),
    bosTokenId: fields.tokenIds('bos_token_id')[0] ?? null,
    eosTokenIds: fields.tokenIds('eos_token_id'),
    qkNorm,
    qkvBias,
  };
  if (config.numLayers > maxLayers) {
    throw invalidConfig(`num_hidden_layers ${config.numLayers} is more than ${maxLayers}`);
  }
  if (numHeads % config.numKvHeads !== 0) {
    throw invalidConfig(`num_attention_heads ${numHeads} is no multiple of num_key_value_heads`);
  }
  if (config.headDim % 2 !== 0) throw invalidConfig(`head_dim ${config.headDim} is odd`);
  return config;
}

/**
 * The end tokens that a `generation_config.json` names; empty where it names none.
 *
 * @throws MgrpoError INVALID_MODEL naming `file` and the field.
 */
export function parseEndTokenIds(json: unknown, file: string): number[] {
  return new ConfigFields(json, { file }).tokenIds('eos_token_id');
}

function architectureOf(fields: ConfigFields): Architecture {
  const type = fields.value('model_type');
  if (typeof type === 'string' && Object.hasOwn(traits, type)) return type as Architecture;
  const supported = Object.keys(traits).join(', ');
  const what = `model_type ${shown(type)} is not supported`;
  throw invalidConfig(`${what}; it must be one of ${supported}`);
}

/** Refuses what would load and then compute something else than transformers. */
function rejectUnsupported(fields: ConfigFields, architecture: Architecture): void {
  const { className } = traits[architecture];
  const classes = fields.value('architectures');
  if (classes !== undefined && !(Array.isArray(classes) && classes.includes(className))) {
    const what = `architectures ${shown(classes)} is not supported`;
    throw invalidConfig(`${what}; a ${architecture} language model is ["${className}"]`);
  }
  const quantization = fields.object('quantization_config');
  if (quantization !== null) {
    const method = shown(quantization.value('quant_method') ?? 'unnamed');
    const remedy = 'take the weights in bfloat16, float16 or float32';
    throw invalidConfig(`quantization_config (${method}) is not supported; ${remedy}`);
  }
  const activation = fields.value('hidden_act') ?? 'silu';
  if (activation !== 'silu') {
    throw invalidConfig(`hidden_act ${shown(activation)} is not supported, only "silu"`);
  }
  // Qwen2 has its three biases whatever this says; elsewhere it adds one on the output too.
  const flags = ['use_sliding_window', 'mlp_bias'];
  if (architecture !== 'qwen2') flags.push('attention_bias');
  const wrong = flags.find((name) => fields.flag(name, false));
  if (wrong !== undefined) throw invalidConfig(`${wrong} is not supported; it must be false`);
  const layers = fields.value('layer_types') ?? [];
  if (!Array.isArray(layers)) {
    throw invalidConfig(`layer_types is ${shown(layers)}, not a list`);
  }
  const strange = layers.find((type) => type !== 'full_attention');
  if (strange !== undefined) {
    throw invalidConfig(
      `layer_types has ${shown(strange)}, which is not supported, only "full_attention"`,
    );
  }
}
