import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { GenerationEngine, type Rollout } from '@mgrpo/generation';
import type { ModelConfig } from '@mgrpo/model';
import { loadTokenizer, type Tokenizer } from '@mgrpo/tokenizer';
import { Scorer, weightFeeds } from '@mgrpo/training';

/** What the server does wrong, once; the next request is served. */
export type Fault =
  | { kind: 'status'; status: number; retryAfter?: number }
  | { kind: 'slow'; ms: number }
  | { kind: 'truncated-json' }
  | { kind: 'reset-in-body' }
  | { kind: 'reset' }
  | { kind: 'change'; change(answer: CompletionAnswer): void };

export interface CompletionAnswer {
  choices: {
    token_ids: number[];
    logprobs: {
      tokens: string[];
      token_logprobs: number[];
      top_logprobs: Record<string, number>[];
    };
    finish_reason: string;
  }[];
  metadata?: { weight_version: string };
}

interface CompletionBody {
  prompt: number[];
  seed: number;
  max_tokens: number;
  temperature: number;
  stop_token_ids: number[];
  logprobs: number;
  return_tokens_as_token_ids?: boolean;
}

export interface EngineServerOptions {
  /** The model that it starts with. */
  folder: string;
  port?: number;
  apiKey?: string;
  /** Rounds weights as a server does that computes in bfloat16. */
  bfloat16?: boolean;
  /** Gives logprobs at temperature 1, whatever it samples with: vLLM's default. */
  rawLogprobs?: boolean;
}

/**
 * A server with the completions API of vLLM and SGLang over our own engine: as much of it as rollouts need.
 *
 * It computes what it says: its logprobs come from the weights that it was told to load.
 */
export class TestEngineServer {
  /** Faults of the next completions, in order. */
  readonly faults: Fault[] = [];
  /** A server whose reload says that it worked, and did not. */
  ignoresReloads = false;
  /** Bodies of all requests, by path. */
  readonly requests: { path: string; body: unknown }[] = [];
  /** The most completions that were in hand at once, and whether one was while weights changed. */
  maxActive = 0;
  reloadedWhileActive = false;
  readonly #options: EngineServerOptions;
  readonly #http: Server;
  readonly #tokenizer: Tokenizer;
  readonly #engine: GenerationEngine;
  readonly #scorer: Scorer;
  readonly #model: ModelConfig;
  #weights: Float32Array = new Float32Array(0);
  #stamp = 'default';
  #version = 0;
  #active = 0;

  private constructor(
    options: EngineServerOptions,
    parts: { tokenizer: Tokenizer; engine: GenerationEngine; scorer: Scorer; model: ModelConfig },
  ) {
    this.#options = options;
    this.#tokenizer = parts.tokenizer;
    this.#engine = parts.engine;
    this.#scorer = parts.scorer;
    this.#model = parts.model;
    this.#http = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        if (!response.headersSent) answer(response, 500, { error: String(error) });
      });
    });
  }

  static async start(options: EngineServerOptions): Promise<TestEngineServer> {
    const { config: model } = await loadModelFolder(options.folder);
    const tokenizer = await loadTokenizer(options.folder);
    const numTokens = tokenizer.vocabSize;
    const engine = await GenerationEngine.start({ model, slots: 64, device: 'cpu', numTokens });
    const scorer = await Scorer.open(model);
    const server = new TestEngineServer(options, { tokenizer, engine, scorer, model });
    await server.#load(options.folder);
    await new Promise<void>((resolve) =>
      server.#http.listen(options.port ?? 0, '127.0.0.1', resolve),
    );
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As someone else would give it weights. */
  async #load(folder: string): Promise<void> {
    const { weights } = await loadModelFolder(folder);
    this.#weights = this.#options.bfloat16 ? roundedToBfloat16(weights) : weights;
    this.#version++;
    await this.#engine.setWeights(this.#version, this.#weights);
  }

  /** Ends at once, as a killed process does. */
  async kill(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
    await this.#engine.close();
    await this.#scorer.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const chunks = await request.toArray();
    const text = Buffer.concat(chunks).toString();
    const body: unknown = text === '' ? null : JSON.parse(text);
    this.requests.push({ path, body });
    const { apiKey } = this.#options;
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) {
      return answer(response, 401, { error: 'Unauthorized' });
    }
    switch (path) {
      case '/v1/models':
        return answer(response, 200, {
          data: [{ id: 'model', max_model_len: this.#model.maxPositionEmbeddings }],
        });
      case '/tokenize':
        return answer(response, 200, {
          tokens: [...this.#tokenizer.encode((body as { prompt: string }).prompt)],
        });
      case '/v1/completions':
        return await this.#complete(body as CompletionBody, response);
      case '/update_weights_from_disk': {
        const { model_path, weight_version } = body as Record<string, string>;
        return await this.#reload(response, model_path!, weight_version!);
      }
      case '/collective_rpc': {
        const { kwargs } = body as { kwargs: { weights_path: string } };
        return await this.#reload(response, kwargs.weights_path);
      }
      case '/reset_prefix_cache':
        return answer(response, 200, null);
      default:
        return answer(response, 404, { error: 'Not Found' });
    }
  }

  async #reload(response: ServerResponse, folder: string, stamp?: string): Promise<void> {
    this.reloadedWhileActive ||= this.#active > 0;
    if (!this.ignoresReloads) {
      await this.#load(folder);
      if (stamp !== undefined) this.#stamp = stamp;
    }
    answer(response, 200, { success: true, message: 'Succeeded to update model weights.' });
  }

  async #complete(body: CompletionBody, response: ServerResponse): Promise<void> {
    const fault = this.faults.shift();
    if (fault?.kind === 'reset') return void response.socket?.resetAndDestroy();
    if (fault?.kind === 'status') {
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      return answer(response, fault.status, { error: 'fault' });
    }
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    this.#active++;
    this.maxActive = Math.max(this.maxActive, this.#active);
    const completion = await this.#draw(body).finally(() => this.#active--);
    if (fault?.kind === 'change') fault.change(completion);
    const text = JSON.stringify(completion);
    const half = text.slice(0, text.length / 2);
    if (fault?.kind === 'reset-in-body') {
      response.writeHead(200, { 'content-length': text.length });
      response.write(half, () => response.socket?.resetAndDestroy());
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(fault?.kind === 'truncated-json' ? half : text);
  }

  async #draw(body: CompletionBody): Promise<CompletionAnswer> {
    const promptTokens = Int32Array.from(body.prompt);
    const [rollout] = await this.#engine.generate({
      stream: { seed: body.seed, purpose: 'direct', iteration: 0, prompt: 0, role: 'policy' },
      promptTokens,
      firstRollout: 0,
      numRollouts: 1,
      weightVersion: this.#version,
      sampling: {
        temperature: body.temperature,
        topP: 1,
        topK: 0,
        maxResponseTokens: body.max_tokens,
        stopTokenIds: body.stop_token_ids,
      },
    });
    const { tokens, logprobs, finishReason } = rollout!;
    const nameOf = (id: number) =>
      body.return_tokens_as_token_ids
        ? `token_id:${id}`
        : this.#tokenizer.decode([id], { skipSpecial: false });
    const temperature = this.#options.rawLogprobs ? 1 : body.temperature;
    const tops = await this.#topLogprobs(promptTokens, rollout!, { ...body, temperature });
    return {
      choices: [
        {
          token_ids: [...tokens],
          logprobs: {
            tokens: [...tokens].map(nameOf),
            token_logprobs: this.#options.rawLogprobs
              ? tops.map((top) => top.at(-1)![1])
              : [...logprobs],
            top_logprobs: tops.map((top) =>
              Object.fromEntries(top.map(([id, logprob]) => [nameOf(id), logprob])),
            ),
          },
          finish_reason: finishReason,
        },
      ],
      ...(body.return_tokens_as_token_ids ? {} : { metadata: { weight_version: this.#stamp } }),
    };
  }

  /** The k most likely tokens of each position, and the drawn one: as vLLM gives them. */
  async #topLogprobs(
    promptTokens: Int32Array,
    { tokens: responseTokens, logprobs: drawn }: Rollout,
    { logprobs: k, temperature }: CompletionBody,
  ): Promise<[id: number, logprob: number][][]> {
    const feeds = weightFeeds(this.#model, this.#weights);
    const logits = await this.#scorer.logits(feeds, { promptTokens, responseTokens });
    const { vocabSize } = this.#tokenizer;
    return Array.from(responseTokens, (token, position) => {
      const row = position * this.#model.vocabSize;
      const scaled = Array.from(
        logits.subarray(row, row + vocabSize),
        (x) => x / (temperature || 1),
      );
      const largest = Math.max(...scaled);
      const logSum = largest + Math.log(scaled.reduce((sum, x) => sum + Math.exp(x - largest), 0));
      const ranked = scaled
        .map((x, id): [number, number] => [id, x - logSum])
        .sort(([, a], [, b]) => b - a);
      const others = ranked.slice(0, k).filter(([id]) => id !== token);
      const own = this.#options.rawLogprobs ? scaled[token]! - logSum : drawn[position]!;
      return [...others, [token, own]];
    });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === null ? '' : JSON.stringify(body));
}

/** Cuts the lower half of each float32: 8 bits of mantissa are left. */
function roundedToBfloat16(weights: Float32Array): Float32Array {
  const rounded = weights.slice();
  const bits = new Uint32Array(rounded.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = bits[i]! & 0xffff0000;
  return rounded;
}
