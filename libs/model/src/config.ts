import { MgrpoError } from '@mgrpo/errors';

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
const traits: Readonly<Record<Architecture, { qkNorm: boolean; qkvBias: boolean }>> = {
  qwen3: { qkNorm: true, qkvBias: false },
  qwen2: { qkNorm: false, qkvBias: true },
  llama: { qkNorm: false, qkvBias: false },
};

/**
 * The model configuration of a Hugging Face `config.json`, as transformers v4 or v5 writes it.
 *
 * v5 keeps the rotary base in `rope_parameters.rope_theta`, v4 in `rope_theta`.
 *
 * @throws MgrpoError INVALID_MODEL naming the field that is missing, mistyped or not supported.
 */
export function parseModelConfig(json: unknown): ModelConfig {
  const fields = new ConfigFields(json);
  const architecture = fields.architecture();
  fields.rejectUnsupported(architecture);
  const hiddenSize = fields.count('hidden_size');
  const numHeads = fields.count('num_attention_heads');
  const config: ModelConfig = {
    architecture,
    vocabSize: fields.count('vocab_size'),
    hiddenSize,
    numLayers: fields.count('num_hidden_layers'),
    numHeads,
    numKvHeads: fields.count('num_key_value_heads', numHeads),
    headDim: fields.count('head_dim', hiddenSize / numHeads),
    intermediateSize: fields.count('intermediate_size'),
    rmsNormEps: fields.positive('rms_norm_eps', 1e-6),
    ropeTheta: fields.ropeTheta(),
    tieWordEmbeddings: fields.flag('tie_word_embeddings', false),
    maxPositionEmbeddings: fields.count('max_position_embeddings'),
    bosTokenId: fields.tokenIds('bos_token_id')[0] ?? null,
    eosTokenIds: fields.tokenIds('eos_token_id'),
    ...traits[architecture],
  };
  if (numHeads % config.numKvHeads !== 0) {
    throw invalid(`num_attention_heads ${numHeads} is no multiple of num_key_value_heads`);
  }
  if (config.headDim % 2 !== 0) throw invalid(`head_dim ${config.headDim} is odd`);
  return config;
}

function invalid(what: string): MgrpoError {
  return new MgrpoError('INVALID_MODEL', `config.json: ${what}`);
}

/** Typed reading of `config.json`; a JSON null counts as absent, as in transformers. */
class ConfigFields {
  readonly #json: Readonly<Record<string, unknown>>;

  constructor(json: unknown) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw invalid('not a JSON object');
    }
    this.#json = json as Record<string, unknown>;
  }

  architecture(): Architecture {
    const type = this.#json.model_type;
    if (typeof type === 'string' && Object.hasOwn(traits, type)) return type as Architecture;
    const supported = Object.keys(traits).join(', ');
    throw invalid(`model_type ${JSON.stringify(type)} is not supported; it must be ${supported}`);
  }

  /** Refuses what would load and then compute something else than transformers. */
  rejectUnsupported(architecture: Architecture): void {
    const activation = this.#json.hidden_act ?? 'silu';
    if (activation !== 'silu')
      throw invalid(`hidden_act ${JSON.stringify(activation)}, not "silu"`);
    if (this.flag('use_sliding_window', false))
      throw invalid('use_sliding_window is not supported');
    if (architecture !== 'qwen2' && this.flag('attention_bias', false)) {
      throw invalid('attention_bias is not supported');
    }
    if (this.flag('mlp_bias', false)) throw invalid('mlp_bias is not supported');
    const type = this.#rope('rope_type') ?? this.#rope('type') ?? 'default';
    if (type !== 'default') throw invalid(`rope_type ${JSON.stringify(type)}, not "default"`);
  }

  ropeTheta(): number {
    const theta = this.#rope('rope_theta') ?? this.#json.rope_theta ?? 10_000;
    if (typeof theta === 'number' && theta > 0) return theta;
    throw invalid(`rope_theta is ${JSON.stringify(theta)}, not a positive number`);
  }

  count(name: string, fallback?: number): number {
    const value = this.#json[name] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw invalid(`${name} is ${JSON.stringify(value)}, not a positive whole number`);
  }

  positive(name: string, fallback: number): number {
    const value = this.#json[name] ?? fallback;
    if (typeof value === 'number' && value > 0) return value;
    throw invalid(`${name} is ${JSON.stringify(value)}, not a positive number`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#json[name] ?? fallback;
    if (typeof value === 'boolean') return value;
    throw invalid(`${name} is ${JSON.stringify(value)}, not true or false`);
  }

  tokenIds(name: string): number[] {
    const value = this.#json[name] ?? [];
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) return ids as number[];
    throw invalid(`${name} is ${JSON.stringify(value)}, not a token id`);
  }

  /** A field of `rope_parameters` (v5) or `rope_scaling` (v4). */
  #rope(name: string): unknown {
    const scaling = this.#json.rope_parameters ?? this.#json.rope_scaling;
    if (typeof scaling !== 'object' || scaling === null) return undefined;
    return (scaling as Record<string, unknown>)[name] ?? undefined;
  }
}
