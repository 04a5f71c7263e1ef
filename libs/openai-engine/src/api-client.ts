import { MgrpoError } from '@mgrpo/errors';
import type { Attempt } from '@mgrpo/retries';
import { type HttpAnswer, httpRequest } from './http.ts';

export interface ApiClientOptions {
  /** Of the server, without `/v1`. */
  readonly url: string;
  readonly apiKey: string | null;
  /** The variable that the key comes from, for messages; null: none was named. */
  readonly apiKeyVariable: string | null;
  readonly maxAnswerBytes: number;
}

/** JSON over HTTP with one server: each answer is a value, a reason to try again, or a clear refusal. */
export class ApiClient {
  readonly url: string;
  readonly #options: ApiClientOptions;

  constructor(options: ApiClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.#options = options;
  }

  /**
   * POSTs `body`, or GETs where it is null.
   *
   * 408, 429, 5xx and connection errors may be tried again.
   *
   * @throws MgrpoError INVALID_CONFIG when the key is refused, NOT_FOUND for a path or model that is not there,
   * INVALID_INPUT for any other refusal, INVALID_MESSAGE when the answer is no JSON
   */
  async call(
    path: string,
    body: unknown,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Attempt<unknown>> {
    const { apiKey, maxAnswerBytes: maxBytes } = this.#options;
    const method = body === null ? 'GET' : 'POST';
    try {
      const request = { method, body, apiKey, timeoutMs, maxBytes, signal } as const;
      const answer = await httpRequest(new URL(`${this.url}${path}`), request);
      return this.#attemptOf(path, answer);
    } catch (error) {
      const isTransient =
        error instanceof MgrpoError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE');
      if (!isTransient) throw error;
      return { kind: 'again', error, afterMs: null, isBusy: false };
    }
  }

  #attemptOf(path: string, { status, retryAfterMs, text }: HttpAnswer): Attempt<unknown> {
    const where = `${this.url}${path}`;
    if (status >= 200 && status < 300) return { kind: 'done', value: this.#json(where, text) };
    const said = `${where} answered ${status}: ${text.slice(0, 300).replace(/\s+/g, ' ').trim()}`;
    if (status === 408 || status === 429 || status >= 500) {
      const error = new MgrpoError('UNAVAILABLE', said);
      return { kind: 'again', error, afterMs: retryAfterMs, isBusy: status === 429 };
    }
    if (status === 401 || status === 403) {
      const { apiKeyVariable } = this.#options;
      const remedy =
        apiKeyVariable === null
          ? 'name the environment variable of its key in deployment.openai.apiKeyVariable'
          : `the key in the environment variable ${apiKeyVariable} is not the server's`;
      throw new MgrpoError('INVALID_CONFIG', `${said}; ${remedy}`);
    }
    throw new MgrpoError(status === 404 ? 'NOT_FOUND' : 'INVALID_INPUT', said);
  }

  /** Reload endpoints may answer nothing: null. */
  #json(where: string, text: string): unknown {
    if (text.trim() === '') return null;
    try {
      return JSON.parse(text);
    } catch (cause) {
      const shown = text.slice(0, 100);
      throw new MgrpoError('INVALID_MESSAGE', `${where} answered no JSON: ${shown}`, { cause });
    }
  }
}
