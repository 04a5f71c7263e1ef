import type { ApiClient } from './api-client.ts';

/** What the servers of a run must have. */
export interface ServerExpectation {
  readonly servedModel: string;
  /** Longest prompt and response together (tokens). */
  readonly maxTokens: number;
  /** A text and its ids by the run's tokenizer, special tokens included. */
  readonly sample: { readonly text: string; readonly tokens: readonly number[] };
  readonly timeoutMs: number;
}

/** Something that stands against using a server. */
export interface ServerFinding {
  /** `unreachable` may pass, `wrong` does not. */
  readonly kind: 'unreachable' | 'wrong';
  readonly message: string;
}

/**
 * Asks a server for its models and for the ids of a text; returns what stands against it.
 *
 * A server that does not know `/tokenize` is not held to it: prompts go to it as ids, and the probe tells a foreign
 * vocabulary.
 *
 * @throws MgrpoError as `ApiClient.call`, for what no start can mend: a refused key
 */
export async function checkServer(
  client: ApiClient,
  expected: ServerExpectation,
): Promise<ServerFinding[]> {
  const call = { timeoutMs: expected.timeoutMs, signal: new AbortController().signal };
  const models = await client.call('/v1/models', null, call);
  if (models.kind === 'again') {
    return [{ kind: 'unreachable', message: `engine server ${models.error.message}` }];
  }
  const wrong = [
    ...modelComplaints(models.value, expected),
    ...(await tokenizerComplaints(client, expected, call)),
  ];
  return wrong.map((what) => ({ kind: 'wrong', message: `engine server ${client.url} ${what}` }));
}

function modelComplaints(answer: unknown, { servedModel, maxTokens }: ServerExpectation): string[] {
  const listed = (answer as { data?: unknown } | null)?.data;
  const models = (Array.isArray(listed) ? listed : []) as {
    id?: unknown;
    max_model_len?: unknown;
  }[];
  const model = models.find(({ id }) => id === servedModel);
  if (model === undefined) {
    const names = models.map(({ id }) => id).join(', ') || 'nothing';
    return [`serves ${names}, not ${servedModel}; set deployment.openai.model`];
  }
  const longest = model.max_model_len;
  if (typeof longest !== 'number' || longest >= maxTokens) return [];
  return [
    `takes ${longest} tokens (max_model_len), prompts.maxPromptTokens + sampling.maxResponseTokens are ${maxTokens}`,
  ];
}

async function tokenizerComplaints(
  client: ApiClient,
  { servedModel: model, sample }: ServerExpectation,
  call: { timeoutMs: number; signal: AbortSignal },
): Promise<string[]> {
  const body = { model, prompt: sample.text, add_special_tokens: true };
  const answer = await client.call('/tokenize', body, call).catch(() => null);
  if (answer?.kind !== 'done') return [];
  const tokens = (answer.value as { tokens?: unknown } | null)?.tokens;
  if (!Array.isArray(tokens) || tokens.join() === sample.tokens.join()) return [];
  const ours = sample.tokens.slice(0, 8).join(', ');
  return [
    `tokenizes ${JSON.stringify(sample.text)} as ${tokens.slice(0, 8).join(', ')}, the run's model as ${ours}: it serves another model`,
  ];
}
