// N tokens, D hidden, V vocabulary.
import { createHash } from 'node:crypto';
import {
  bytesOf,
  checkShapes,
  openTensorSource,
  readParameters,
  type TensorSource,
  weightsSha256,
} from '@mgrpo/checkpoint';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  listWeights,
  type ModelConfig,
  type ParameterSpec,
  parameterSpecs,
  weightViews,
} from '@mgrpo/model';
import { freeArrays, type Tensor, tensor } from '@mgrpo/runtime';
import { type Feeds, weightFeeds } from './model-feeds.ts';
import { isIn, type MatrixRows, type RowRange, type StageWeights } from './stage-weights.ts';

/** Frozen weights that stay in a model's folder: what makes them the same ones whenever they are read. */
export interface StoredReference {
  readonly folder: string;
  /** SHA-256 of each parameter's float32 values, in the order of `parameterSpecs`. */
  readonly sha256: readonly string[];
}

/** @param weights of the folder, flat */
export function storedReference(
  model: ModelConfig,
  folder: string,
  weights: Float32Array,
): StoredReference {
  return { folder, sha256: hashesOf(parameterSpecs(model), weights) };
}

function hashesOf(specs: readonly ParameterSpec[], weights: Float32Array): string[] {
  return specs.map(({ offset, size }) => weightsSha256(weights.subarray(offset, offset + size)));
}

interface StoredParameter extends ParameterSpec {
  readonly sha256: string;
}

/** Numbers of the embedding that are read at once: 16 MiB. */
const maxReadNumbers = 2 ** 22;

/**
 * Weights in a model's folder: read where they are needed, as often as they are, and freed.
 *
 * Every read is compared with the hashes, so what a folder holds by then is either the same bits or an error:
 * INVALID_MODEL where it can't be read, CORRUPT where it is something else. Both name the folder.
 */
export class StoredWeights {
  readonly #config: ModelConfig;
  readonly #stored: StoredReference;
  /** By the name of the graph input. */
  readonly #parameters: ReadonlyMap<string, StoredParameter>;

  constructor(config: ModelConfig, stored: StoredReference) {
    this.#config = config;
    this.#stored = stored;
    const atOffset = new Map(
      parameterSpecs(config).map((spec, i) => [
        spec.offset,
        { ...spec, sha256: stored.sha256[i]! },
      ]),
    );
    this.#parameters = new Map(
      listWeights(weightViews(config)).map(({ name, offset }) => [name, atOffset.get(offset)!]),
    );
  }

  /** Runs with all of them in memory. */
  async withFeeds<T>(run: (weights: Feeds) => Promise<T>): Promise<T> {
    const specs = parameterSpecs(this.#config);
    const flat = await this.#withSource((source) =>
      this.#reading(() => readParameters(source, specs)),
    );
    try {
      for (const [i, hash] of hashesOf(specs, flat).entries()) {
        if (hash !== this.#stored.sha256[i]) throw this.#changed(specs[i]!.name);
      }
      return await run(weightFeeds(this.#config, flat));
    } finally {
      freeArrays([flat]);
    }
  }

  /** Runs with a stage's in memory at a time, and of embedding and output head some rows. */
  withStages<T>(run: (weights: StageWeights) => Promise<T>): Promise<T> {
    return this.#withSource((source) =>
      run({
        embed: (tokens) => this.#embed(source, tokens),
        withLayer: async (layer, names, use) => {
          const inputs = names.filter((name) => this.#parameters.has(`layer${layer}.${name}`));
          const weights: Record<string, Tensor> = {};
          try {
            for (const name of inputs) {
              weights[name] = await this.#read(source, `layer${layer}.${name}`);
            }
            return await use(weights);
          } finally {
            freeArrays(Object.values(weights).map(({ data }) => data));
          }
        },
        norm: () => this.#read(source, 'norm'),
        headRows: (ranges) =>
          this.#rows(source, this.#config.tieWordEmbeddings ? 'embedding' : 'head', ranges),
      }),
    );
  }

  async #withSource<T>(run: (source: TensorSource) => Promise<T>): Promise<T> {
    const source = await this.#reading(() => openTensorSource(this.#stored.folder));
    try {
      await this.#reading(async () => checkShapes(source, parameterSpecs(this.#config)));
      return await run(source);
    } finally {
      await source.close();
    }
  }

  async #embed(source: TensorSource, tokens: Int32Array): Promise<Float32Array> {
    const { hiddenSize: D, vocabSize: V } = this.#config;
    const embedded = new Float32Array(tokens.length * D);
    const size = Math.ceil(maxReadNumbers / D);
    const ranges = Array.from({ length: Math.ceil(V / size) }, (_, i) => ({
      first: i * size,
      end: Math.min((i + 1) * size, V),
    }));
    for await (const { range, rows } of this.#rows(source, 'embedding', ranges)) {
      for (const [i, token] of tokens.entries()) {
        if (!isIn(range, token)) continue;
        const start = (token - range.first) * D;
        embedded.set(rows.subarray(start, start + D), i * D);
      }
    }
    return embedded;
  }

  async #read(source: TensorSource, input: string): Promise<Tensor> {
    const { name, shape, size, sha256 } = this.#parameters.get(input)!;
    const values = new Float32Array(size);
    await this.#reading(() => source.readInto(name, values));
    if (weightsSha256(values) !== sha256) throw this.#changed(name);
    return tensor(values, shape);
  }

  /** @param ranges consecutive, and all rows: what they hash to is known after the last one */
  async *#rows(
    source: TensorSource,
    input: string,
    ranges: readonly RowRange[],
  ): AsyncGenerator<MatrixRows> {
    const { name, sha256 } = this.#parameters.get(input)!;
    const { hiddenSize: D } = this.#config;
    const hash = createHash('sha256');
    for (const range of ranges) {
      const rows = new Float32Array((range.end - range.first) * D);
      await this.#reading(() => source.readInto(name, rows, range.first * D));
      hash.update(bytesOf(rows));
      yield { range, rows };
      freeArrays([rows]);
    }
    if (hash.digest('hex') !== sha256) throw this.#changed(name);
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const what = `the KL reference can't be read from ${this.#stored.folder}`;
      const message = `${what}: ${messageOf(error)}. ${this.#remedy()}`;
      throw new MgrpoError('INVALID_MODEL', message, { cause: error });
    }
  }

  #changed(name: string): MgrpoError {
    const what = `${this.#stored.folder} has another ${name} than the run began with`;
    return new MgrpoError('CORRUPT', `${what}. ${this.#remedy()}`);
  }

  #remedy(): string {
    return 'deployment.learner.reference disk reads it at each step: put it back, and --resume';
  }
}
