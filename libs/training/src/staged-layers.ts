// N tokens, Q queries of a block, S keys up to its end, D hidden, H*K width of queries, J*K of keys and values.
import type { AdapterOptions } from '@mgrpo/algorithm';
import {
  finishWeights,
  type LayerStages,
  layerStages,
  type ModelConfig,
  projectWeights,
  type StageGraphs,
} from '@mgrpo/model';
import { freeArrays, openSession, type Session, tensor } from '@mgrpo/runtime';
import type { Feeds } from './model-feeds.ts';
import { addTo, type PackedSequences, type Span } from './packed-sequences.ts';
import type { StageWeights } from './stage-weights.ts';

/**
 * Queries whose attention weights exist at once: with S keys and H heads they are H × 128 × S numbers, where all
 * queries of a sequence would be H × S².
 */
export const queriesPerBlock = 128;

/** Which graphs of a model are made. */
export interface StagedPasses {
  readonly backward: boolean;
  /** Where given, the weights have it merged, and the backward pass gives gradients of its matrices instead of theirs. */
  readonly adapter: AdapterOptions | null;
}

/** What a layer's backward pass needs beside the weights. */
export interface LayerRecord {
  /** [N, D], its input. */
  readonly x: Float32Array;
  /** [N, H*K], its attention's result, which takes longer to make again than to keep. */
  readonly attended: Float32Array;
}

interface StageSessions {
  readonly forward: Session;
  readonly backward: Session | null;
}

type LayerSessions = { readonly [S in keyof LayerStages]: StageSessions };

/** What the stages of every layer read. */
export interface LayerBatch {
  readonly packed: PackedSequences;
  /** Rotary tables. */
  readonly rotary: Feeds;
}

/** Gradients by the names of their inputs: activations, and what trains, within its layer (`q`, `q.loraA`). */
type Outputs<Name extends string> = Readonly<Record<Name, Float32Array>> &
  Readonly<Record<string, Float32Array>>;

/** Runs the layers of a model one after the other; JavaScript holds what passes between them. */
export class StagedLayers {
  readonly #config: ModelConfig;
  readonly #sessions: LayerSessions;

  private constructor(config: ModelConfig, sessions: LayerSessions) {
    this.#config = config;
    this.#sessions = sessions;
  }

  static async open(config: ModelConfig, passes: StagedPasses): Promise<StagedLayers> {
    const stages = layerStages(config, passes.adapter);
    const open = (stage: keyof LayerStages) => openStage(stages[stage], passes.backward);
    return new StagedLayers(config, {
      project: await open('project'),
      attend: await open('attend'),
      finish: await open('finish'),
      norm: await open('norm'),
    });
  }

  /** A layer's attention: `x` [N, D] -> [N, H*K]. */
  async attention(
    weights: StageWeights,
    { packed, rotary }: LayerBatch,
    layer: number,
    x: Float32Array,
  ): Promise<Float32Array> {
    const { width, kvWidth } = this.#widths();
    const projected = await this.#project(weights, { packed, rotary }, layer, x);
    const attended = new Float32Array(packed.tokens.length * width);
    for (const block of blocksOf(packed.spans)) {
      const outputs = await runStage(
        this.#sessions.attend.forward,
        attentionFeeds(projected, block, width, kvWidth),
      );
      attended.set(outputs.attended!, block.from * width);
      freeArrays(Object.values(outputs));
    }
    freeArrays(Object.values(projected));
    return attended;
  }

  /** The rest of a layer: attention's result and the residual to the layer's result, row by row. */
  async finish(weights: StageWeights, layer: number, record: LayerRecord): Promise<Float32Array> {
    const outputs = await weights.withLayer(layer, finishWeights, (ofLayer) =>
      runStage(this.#sessions.finish.forward, { ...this.#finishFeeds(record), ...ofLayer }),
    );
    return outputs.y!;
  }

  /** The norm after the last layer: [R, D] -> [R, D]. */
  async norm(weights: StageWeights, x: Float32Array): Promise<Float32Array> {
    const feeds = { x: this.#rows(x, this.#config.hiddenSize), norm: await weights.norm() };
    return (await runStage(this.#sessions.norm.forward, feeds)).hidden!;
  }

  /** Gradients of `x` and what trains. */
  async normBackward(
    weights: StageWeights,
    x: Float32Array,
    dHidden: Float32Array,
  ): Promise<Outputs<'x'>> {
    const D = this.#config.hiddenSize;
    const feeds = {
      x: this.#rows(x, D),
      norm: await weights.norm(),
      'd.hidden': this.#rows(dHidden, D),
    };
    return runBackward(this.#sessions.norm, feeds);
  }

  /** Gradients of `attended`, `x` and what trains of `finish`. */
  finishBackward(
    weights: StageWeights,
    layer: number,
    record: LayerRecord,
    dY: Float32Array,
  ): Promise<Outputs<'attended' | 'x'>> {
    return weights.withLayer(layer, finishWeights, (ofLayer) =>
      runBackward(this.#sessions.finish, {
        ...this.#finishFeeds(record),
        ...ofLayer,
        'd.y': this.#rows(dY, this.#config.hiddenSize),
      }),
    );
  }

  /** Gradients of `x` and what trains of `project`, through attention, whose projections are made again. */
  async attentionBackward(
    weights: StageWeights,
    batch: LayerBatch,
    layer: number,
    x: Float32Array,
    dAttended: Float32Array,
  ): Promise<Outputs<'x'>> {
    const { width, kvWidth } = this.#widths();
    const projected = await this.#project(weights, batch, layer, x);
    const numTokens = batch.packed.tokens.length;
    const dQueries = new Float32Array(numTokens * width);
    const dKeys = new Float32Array(numTokens * kvWidth);
    const dValues = new Float32Array(numTokens * kvWidth);
    for (const block of blocksOf(batch.packed.spans)) {
      const { start, from, to } = block;
      const dOut = dAttended.subarray(from * width, to * width);
      const outputs = await runBackward<'queries' | 'keys' | 'values'>(this.#sessions.attend, {
        ...attentionFeeds(projected, block, width, kvWidth),
        'd.attended': tensor(dOut, [to - from, width]),
      });
      dQueries.set(outputs.queries, from * width);
      addTo(dKeys.subarray(start * kvWidth, to * kvWidth), outputs.keys);
      addTo(dValues.subarray(start * kvWidth, to * kvWidth), outputs.values);
      freeArrays(Object.values(outputs));
    }
    freeArrays(Object.values(projected));
    return weights.withLayer(layer, projectWeights, (ofLayer) =>
      runBackward(this.#sessions.project, {
        ...this.#projectFeeds(batch, x),
        ...ofLayer,
        'd.queries': this.#rows(dQueries, width),
        'd.keys': this.#rows(dKeys, kvWidth),
        'd.values': this.#rows(dValues, kvWidth),
      }),
    );
  }

  async close(): Promise<void> {
    for (const { forward, backward } of Object.values(this.#sessions)) {
      await forward.close();
      await backward?.close();
    }
  }

  #project(weights: StageWeights, batch: LayerBatch, layer: number, x: Float32Array) {
    return weights.withLayer(layer, projectWeights, (ofLayer) =>
      runStage(this.#sessions.project.forward, { ...this.#projectFeeds(batch, x), ...ofLayer }),
    );
  }

  #projectFeeds(batch: LayerBatch, x: Float32Array): Feeds {
    return {
      x: this.#rows(x, this.#config.hiddenSize),
      positions: batch.packed.positions,
      ...batch.rotary,
    };
  }

  #finishFeeds({ x, attended }: LayerRecord): Feeds {
    return {
      attended: this.#rows(attended, this.#widths().width),
      x: this.#rows(x, this.#config.hiddenSize),
    };
  }

  #widths(): { width: number; kvWidth: number } {
    const { numHeads, numKvHeads, headDim } = this.#config;
    return { width: numHeads * headDim, kvWidth: numKvHeads * headDim };
  }

  #rows(data: Float32Array, width: number) {
    return tensor(data, [data.length / width, width]);
  }
}

/** Consecutive queries of one sequence, as token numbers: its first token, and from where to where they go. */
interface Block {
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

function blocksOf(spans: readonly Span[]): Block[] {
  return spans.flatMap(({ start, length }) =>
    Array.from({ length: Math.ceil(length / queriesPerBlock) }, (_, b) => {
      const from = start + b * queriesPerBlock;
      return { start, from, to: Math.min(from + queriesPerBlock, start + length) };
    }),
  );
}

/** Views: tokens come first, so a block's queries and all keys up to its end are runs of their arrays. */
function attentionFeeds(
  projected: Readonly<Record<string, Float32Array>>,
  { start, from, to }: Block,
  width: number,
  kvWidth: number,
): Feeds {
  const seen = (values: Float32Array) =>
    tensor(values.subarray(start * kvWidth, to * kvWidth), [to - start, kvWidth]);
  const queries = projected.queries!.subarray(from * width, to * width);
  return {
    queries: tensor(queries, [to - from, width]),
    keys: seen(projected.keys!),
    values: seen(projected.values!),
  };
}

/** How the sessions of a staged model run: they take turns. */
export const stageSession = { variableShapes: true, returnsMemory: true } as const;

async function openStage(graphs: StageGraphs, withBackward: boolean): Promise<StageSessions> {
  const { name, forward, backward } = graphs;
  return {
    forward: await openSession(forward, { ...stageSession, name }),
    backward: withBackward
      ? await openSession(backward, { ...stageSession, name: `${name} backward` })
      : null,
  };
}

async function runStage(session: Session, feeds: Feeds): Promise<Record<string, Float32Array>> {
  const outputs = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
  );
}

/** The gradients by the names of their inputs. */
async function runBackward<Name extends string>(
  { backward }: StageSessions,
  feeds: Feeds,
): Promise<Outputs<Name>> {
  const outputs = await runStage(backward!, feeds);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, data]) => [name.slice('d.'.length), data]),
  ) as Outputs<Name>;
}
