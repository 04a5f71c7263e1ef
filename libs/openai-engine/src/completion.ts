import { MgrpoError } from '@mgrpo/errors';
import type { Sampling } from '@mgrpo/generation';
import { type Dialect, extraFields } from './dialect.ts';

/** One response to draw. */
export interface CompletionRequest {
  readonly promptTokens: Int32Array;
  readonly seed: number;
  readonly sampling: Sampling;
}

/** The settings of a run that every request has. */
export interface CompletionSettings {
  /** Name under which the server has the model. */
  readonly model: string;
  readonly dialect: Dialect;
  /** k: alternatives asked for at each position. */
  readonly topLogprobs: number;
  readonly vocabSize: number;
}

/** One response as the server tells it; arrays have one element per response token, the stop token included. */
export interface Completion {
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
  /** The most likely tokens of each position by the server's names for them, which are ids or texts. */
  readonly top: readonly Readonly<Record<string, number>>[];
  /** The server's name of each token. */
  readonly names: readonly string[];
  readonly finishReason: 'stop' | 'length';
  /** Of the weights, where the server says it (SGLang). */
  readonly weightStamp: string | null;
}

/**
 * The body of POST /v1/completions for one response.
 *
 * One request for each response, not `n`: with a seed, SGLang draws the same response n times. Every sampling
 * option is spelled out, because servers take what is missing from the model's `generation_config.json`, where
 * Qwen2.5 has a repetition penalty. `return_token_ids` is an option of both.
 */
export function completionBody(request: CompletionRequest, settings: CompletionSettings): object {
  const { promptTokens, seed, sampling } = request;
  return {
    model: settings.model,
    prompt: [...promptTokens],
    n: 1,
    seed,
    max_tokens: sampling.maxResponseTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK === 0 ? -1 : sampling.topK,
    min_p: 0,
    repetition_penalty: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    stop_token_ids: [...sampling.stopTokenIds],
    logprobs: settings.topLogprobs,
    return_token_ids: true,
    skip_special_tokens: false,
    ...extraFields[settings.dialect],
  };
}

/**
 * Reads the answer to `completionBody` and checks it: nothing of it is believed before.
 *
 * @param server names the server in messages
 * @throws MgrpoError INVALID_MESSAGE naming the field
 */
export function readCompletion(
  answer: unknown,
  { sampling }: CompletionRequest,
  { vocabSize }: CompletionSettings,
  server: string,
): Completion {
  const refuse = (what: string): never => {
    throw new MgrpoError('INVALID_MESSAGE', `completion of ${server}: ${what}`);
  };
  const root = objectOf(answer) ?? refuse('the answer is no object');
  const choices = listOf(root.choices) ?? refuse('choices is no list');
  if (choices.length !== 1) refuse(`choices has ${choices.length} elements, asked for 1`);
  const choice = objectOf(choices[0]) ?? refuse('choices[0] is no object');
  const tokens = tokensOf(choice.token_ids, vocabSize, refuse);
  const logprobs = logprobsOf(choice.logprobs, tokens.length, refuse);
  const finishReason = finishReasonOf(choice.finish_reason, tokens, sampling, refuse);
  const stamp = objectOf(root.metadata)?.weight_version;
  return {
    tokens,
    ...logprobs,
    finishReason,
    weightStamp: typeof stamp === 'string' ? stamp : null,
  };
}

type Refuse = (what: string) => never;

function tokensOf(value: unknown, vocabSize: number, refuse: Refuse): number[] {
  const ids =
    listOf(value) ??
    refuse(
      'choices[0].token_ids is missing; this server does not know return_token_ids, update it',
    );
  if (ids.length === 0) refuse('choices[0].token_ids is empty');
  return ids.map((id, i) => {
    const isId = typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabSize;
    return isId
      ? id
      : refuse(`choices[0].token_ids[${i}] is ${id}, the model's vocabulary has ${vocabSize}`);
  });
}

function logprobsOf(
  value: unknown,
  numTokens: number,
  refuse: Refuse,
): Pick<Completion, 'logprobs' | 'top' | 'names'> {
  const fields = objectOf(value) ?? refuse('choices[0].logprobs is missing');
  const list = (name: 'token_logprobs' | 'top_logprobs' | 'tokens'): readonly unknown[] => {
    const values = listOf(fields[name]) ?? refuse(`choices[0].logprobs.${name} is no list`);
    if (values.length === numTokens) return values;
    return refuse(
      `choices[0].logprobs.${name} has ${values.length} elements for ${numTokens} token_ids`,
    );
  };
  const logprobs = list('token_logprobs').map((logprob, i) =>
    logprobOf(logprob, `token_logprobs[${i}]`, refuse),
  );
  const top = list('top_logprobs').map((entries, i) => topOf(entries, i, refuse));
  return { logprobs, top, names: list('tokens').map(String) };
}

function topOf(entries: unknown, i: number, refuse: Refuse): Readonly<Record<string, number>> {
  const byName = objectOf(entries) ?? refuse(`choices[0].logprobs.top_logprobs[${i}] is missing`);
  let mass = 0;
  for (const [name, logprob] of Object.entries(byName)) {
    mass += Math.exp(logprobOf(logprob, `top_logprobs[${i}][${name}]`, refuse));
  }
  if (mass > 1.01) {
    refuse(`choices[0].logprobs.top_logprobs[${i}] has a probability of ${mass.toFixed(3)}`);
  }
  return byName as Record<string, number>;
}

function logprobOf(value: unknown, field: string, refuse: Refuse): number {
  // Above 0 by more than rounding it is no logprob.
  if (typeof value === 'number' && Number.isFinite(value) && value < 1e-3) return value;
  return refuse(`choices[0].logprobs.${field} is ${value}, no logprob`);
}

/** A response ends with the first stop token and nowhere else, or is cut at its limit. */
function finishReasonOf(
  value: unknown,
  tokens: readonly number[],
  { stopTokenIds, maxResponseTokens }: Sampling,
  refuse: Refuse,
): 'stop' | 'length' {
  const first = tokens.findIndex((id) => stopTokenIds.includes(id));
  const isLast = first === tokens.length - 1;
  if (first !== -1 && !isLast) {
    refuse(`choices[0].token_ids has the stop token ${tokens[first]} before its end`);
  }
  if (tokens.length > maxResponseTokens) {
    refuse(`choices[0].token_ids has ${tokens.length} tokens, asked for ${maxResponseTokens}`);
  }
  if (value === 'stop' && isLast) return 'stop';
  // A server may call it either where the stop token is the last that fits.
  if (value === 'length' && tokens.length === maxResponseTokens) return isLast ? 'stop' : 'length';
  return refuse(
    `choices[0].finish_reason is ${value} after ${tokens.length} of ${maxResponseTokens} tokens, the last is ${tokens.at(-1)}, the stop tokens are ${stopTokenIds.join(', ') || 'none'}`,
  );
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
