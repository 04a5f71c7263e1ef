import { uniform } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import { decodeGraph, deviceDecodeGraph, type SamplerOptions, sampleGraph } from '@mgrpo/model';
import { type Feeds, openSession, type Session, type Tensor, tensor } from '@mgrpo/runtime';
import type { GeneratorOptions } from './generator.ts';
import { candidatesOf, type Draft, type Drawn, lastPosition } from './job.ts';
import type { GenerationRequest, Sampling } from './request.ts';
import { openRoundedDecode } from './rounded-decode.ts';
import type { WeightVersion } from './weight-version.ts';

/** With one row ONNX Runtime takes a path of other bits (design.md section 4). */
export const minRows = 2;

/** Kernels of rounded weights take two rows at a time, and the last of an odd number by other instructions. */
const rowsOfRounded = 2;

/** The graphs that draw from a given number of candidates, with self-certainty or without. */
export interface Sampler {
  readonly candidates: 'all' | number;
  /** A step of decoding with sampling. */
  readonly decode: Session;
  /** The weights that `decode` takes, where it is of one version and has the others as constants; null: all. */
  readonly weights: Feeds | null;
  /** Its runs have a multiple of this number of rows. */
  readonly rowMultiple: number;
  /** The sampling alone, for the first token. */
  readonly sample: Session;
}

/** Rows of a run for a number of rollouts. */
export function paddedRows({ rowMultiple }: Sampler, numRollouts: number): number {
  return Math.max(minRows, Math.ceil(numRollouts / rowMultiple) * rowMultiple);
}

/** Compiles samplers when they are first needed and keeps them; those with rounded weights as long as the version. */
export class Samplers {
  readonly #options: GeneratorOptions;
  readonly #plain = new Map<string, Sampler>();
  /** By the sampler that is the same with the weights as they are. */
  readonly #rounded = new Map<WeightVersion, Map<Sampler, Sampler>>();
  /** Of sessions that are closed. */
  #movedBytes = 0;

  constructor(options: GeneratorOptions) {
    this.#options = options;
  }

  /** Names the sampler of a request: equal for those of one weight version that can share a batch. */
  nameOf(request: GenerationRequest): string {
    return `${this.#plainName(request.sampling)}${this.#isRounded(request) ? ', rounded' : ''}`;
  }

  async get(request: GenerationRequest, version: WeightVersion): Promise<Sampler> {
    const plain = await this.#getPlain(request.sampling);
    if (!this.#isRounded(request)) return plain;
    const ofVersion = this.#rounded.get(version) ?? new Map<Sampler, Sampler>();
    this.#rounded.set(version, ofVersion);
    const known = ofVersion.get(plain);
    if (known) return known;
    const { session, weights } = await openRoundedDecode(this.#options.model, version, {
      sampler: this.#graphOptions(request.sampling),
      quantisation: this.#options.quantisation!,
    });
    // The first token comes with the prompt, which is read with the weights as they are.
    const rounded = { ...plain, decode: session, weights, rowMultiple: rowsOfRounded };
    ofVersion.set(plain, rounded);
    return rounded;
  }

  /** Closes what was compiled for a weight version, which nothing uses any more. */
  async drop(version: WeightVersion): Promise<void> {
    const samplers = [...(this.#rounded.get(version)?.values() ?? [])];
    this.#rounded.delete(version);
    for (const { decode } of samplers) {
      this.#movedBytes += decode.movedBytes;
      await decode.close();
    }
  }

  /** Bytes that the graphs took from and brought to this process. */
  get movedBytes(): number {
    const plain = [...this.#plain.values()].flatMap(({ decode, sample }) => [decode, sample]);
    const rounded = [...this.#rounded.values()]
      .flatMap((samplers) => [...samplers.values()])
      .map(({ decode }) => decode);
    return [...plain, ...rounded].reduce(
      (sum, session) => sum + session.movedBytes,
      this.#movedBytes,
    );
  }

  async close(): Promise<void> {
    for (const version of [...this.#rounded.keys()]) await this.drop(version);
    for (const { decode, sample } of this.#plain.values()) {
      await decode.close();
      await sample.close();
    }
  }

  /** What trains is drawn with rounded weights; an answer or an evaluation is to be the model's own. */
  #isRounded({ stream }: GenerationRequest): boolean {
    return this.#options.quantisation !== null && stream.purpose === 'train';
  }

  #plainName(sampling: Sampling): string {
    const { candidates, selfCertainty } = this.#graphOptions(sampling);
    return selfCertainty ? `${candidates} with self-certainty` : `${candidates}`;
  }

  #graphOptions(sampling: Sampling): SamplerOptions {
    const { model, numTokens, device } = this.#options;
    return {
      candidates: candidatesOf(sampling, model.vocabSize),
      numTokens,
      selfCertainty: sampling.selfCertainty ?? false,
      target: device,
    };
  }

  async #getPlain(sampling: Sampling): Promise<Sampler> {
    const name = this.#plainName(sampling);
    const known = this.#plain.get(name);
    if (known) return known;
    const { model, device } = this.#options;
    const options = this.#graphOptions(sampling);
    const open = (graph: Uint8Array, name: string): Promise<Session> =>
      openSession(graph, { name, device });
    const decode = device === 'webgpu' ? deviceDecodeGraph : decodeGraph;
    const sampler = {
      candidates: options.candidates,
      decode: await open(decode(model, options), 'decode'),
      weights: null,
      rowMultiple: 1,
      sample: await open(sampleGraph(model, options), 'sample'),
    };
    this.#plain.set(name, sampler);
    return sampler;
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
