import { uniform } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import { decodeGraph, deviceDecodeGraph, type ModelConfig, sampleGraph } from '@mgrpo/model';
import { type Device, openSession, type Session, type Tensor, tensor } from '@mgrpo/runtime';
import { candidatesOf, type Draft, type Drawn, lastPosition } from './job.ts';
import type { Sampling } from './request.ts';

/** With one row ONNX Runtime takes a path of other bits (design.md section 4). */
export const minRows = 2;

/** The graphs that draw from a given number of candidates, with self-certainty or without. */
export interface Sampler {
  readonly candidates: 'all' | number;
  /** A step of decoding with sampling. */
  readonly decode: Session;
  /** The sampling alone, for the first token. */
  readonly sample: Session;
}

/** Compiles samplers when they are first needed and keeps them. */
export class Samplers {
  readonly #open = new Map<string, Sampler>();
  readonly #config: ModelConfig;
  readonly #numTokens: number;
  readonly #device: Device;

  constructor(config: ModelConfig, options: { numTokens: number; device: Device }) {
    this.#config = config;
    this.#numTokens = options.numTokens;
    this.#device = options.device;
  }

  /** Names the sampler of a request: equal for those that can share a batch. */
  nameOf(sampling: Sampling): string {
    const candidates = candidatesOf(sampling, this.#config.vocabSize);
    return sampling.selfCertainty ? `${candidates} with self-certainty` : `${candidates}`;
  }

  async get(sampling: Sampling): Promise<Sampler> {
    const name = this.nameOf(sampling);
    const known = this.#open.get(name);
    if (known) return known;
    const candidates = candidatesOf(sampling, this.#config.vocabSize);
    const selfCertainty = sampling.selfCertainty ?? false;
    const options = {
      candidates,
      numTokens: this.#numTokens,
      selfCertainty,
      target: this.#device,
    };
    const open = (graph: Uint8Array, name: string): Promise<Session> =>
      openSession(graph, { name, device: this.#device });
    const decode = this.#device === 'webgpu' ? deviceDecodeGraph : decodeGraph;
    const sampler = {
      candidates,
      decode: await open(decode(this.#config, options), 'decode'),
      sample: await open(sampleGraph(this.#config, options), 'sample'),
    };
    this.#open.set(name, sampler);
    return sampler;
  }

  /** Bytes that the graphs took from and brought to this process. */
  get movedBytes(): number {
    const sessions = [...this.#open.values()].flatMap(({ decode, sample }) => [decode, sample]);
    return sessions.reduce((sum, { movedBytes }) => sum + movedBytes, 0);
  }

  async close(): Promise<void> {
    for (const { decode, sample } of this.#open.values()) {
      await decode.close();
      await sample.close();
    }
  }
}

/**
 * The sampling inputs of some rows. Each draws its next token with the random number of its own stream and
 * position (design.md section 7), so neither the batch nor the row matters.
 *
 * @param numRows at least the number of drafts; rows beyond draw something that no one reads
 */
export function samplingFeeds(
  sampler: Sampler,
  drafts: readonly Draft[],
  numRows: number,
): Record<string, Tensor> {
  // Rows beyond draw as well: a cut of 0 would leave them nothing to draw from.
  const column = (read: (draft: Draft) => number): Tensor => {
    const values = new Float32Array(numRows).fill(1 - 2 ** -24);
    for (let row = 0; row < drafts.length; row++) values[row] = read(drafts[row]!);
    return tensor(values, [numRows, 1]);
  };
  const samplingOf = (draft: Draft) => draft.job.request.sampling;
  const feeds: Record<string, Tensor> = {
    uniforms: column((draft) =>
      samplingOf(draft).temperature === 0 ? -1 : uniform(draft.key, draft.tokens.length),
    ),
    inverseTemperatures: column((draft) => 1 / (samplingOf(draft).temperature || 1)),
  };
  if (sampler.candidates === 'all') return feeds;
  const vocabulary = 2 ** 24; // any number that no rank reaches
  feeds.topK = column((draft) => samplingOf(draft).topK || vocabulary);
  feeds.topP = column((draft) => samplingOf(draft).topP);
  return feeds;
}

/** The last token of each draft and its position. @param numRows as for `samplingFeeds` */
export function tokenFeeds(drafts: readonly Draft[], numRows: number): Record<string, Tensor> {
  const tokens = new BigInt64Array(numRows);
  const positions = new BigInt64Array(numRows);
  // Low words of little-endian int64: ids and positions are below 2^31.
  const tokenWords = new Int32Array(tokens.buffer);
  const positionWords = new Int32Array(positions.buffer);
  drafts.forEach((draft, row) => {
    tokenWords[2 * row] = draft.tokens.at(-1)!;
    positionWords[2 * row] = lastPosition(draft);
  });
  return { tokens: tensor(tokens, [numRows]), positions: tensor(positions, [numRows, 1]) };
}

/** What a run drew for its first `numRows` rows. @throws MgrpoError INTERNAL when the model computes NaN */
export function drawnRows(outputs: Readonly<Record<string, Tensor>>, numRows: number): Drawn[] {
  const ids = outputs.nextTokens!.data as BigInt64Array;
  // Token ids fit into the low word (little-endian): reading it makes no BigInts.
  const words = new Int32Array(ids.buffer, ids.byteOffset, 2 * ids.length);
  const logprobs = outputs.logprobs!.data as Float32Array;
  const entropies = outputs.entropies!.data as Float32Array;
  const selfCertainties = outputs.selfCertainties?.data as Float32Array | undefined;
  return Array.from({ length: numRows }, (_, row) => {
    const drawn = {
      token: words[2 * row]!,
      logprob: logprobs[row]!,
      entropy: entropies[row]!,
      selfCertainty: selfCertainties?.[row] ?? 0,
    };
    if (!Number.isFinite(drawn.logprob + drawn.entropy + drawn.selfCertainty)) {
      const message =
        'the model computes NaN or infinite log-probabilities: its weights have diverged';
      throw new MgrpoError('INTERNAL', message);
    }
    return drawn;
  });
}
