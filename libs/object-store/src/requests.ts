import { createHash } from 'node:crypto';
import { type ErrorCode, MgrpoError, messageOf } from '@mgrpo/errors';
import { type Attempt, withRetries } from '@mgrpo/retries';
import type { StoreAddress } from './address.ts';
import type { Credentials } from './credentials.ts';
import { textOf } from './xml.ts';

/** Where a store is and how it is asked. */
export interface RequestSettings {
  /** http://host:port or https://host:port. */
  readonly endpoint: string;
  readonly region: string;
  readonly addressing: 'path' | 'virtual';
  readonly credentials: () => Promise<Credentials>;
  /** Tries of one request. */
  readonly attempts: number;
  /** One try (ms). */
  readonly requestMs: number;
}

export interface StoreRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** The whole key; empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Longer answers are refused. */
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

export interface StoreAnswer {
  readonly headers: Headers;
  readonly body: Buffer;
}

const firstPauseMs = 200;
const maxPauseMs = 10_000;
// What a store says of a request that was damaged on its way, or came to a part of it that is not well.
const transientCodes = [
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
  'RequestTimeout',
  'SlowDown',
  'InternalError',
];

/** The part of S3's protocol that all requests share: addresses, signatures (SigV4), retries and errors. */
export class Requests {
  readonly #address: StoreAddress;
  readonly #settings: RequestSettings;

  constructor(address: StoreAddress, settings: RequestSettings) {
    this.#address = address;
    this.#settings = settings;
  }

  /**
   * Asks until the store answers.
   *
   * @throws NOT_FOUND for a missing key or bucket, PERMISSION_DENIED, INVALID_CONFIG for a wrong region, UNAVAILABLE when
   *   the last try failed, CORRUPT when the object is another by now, CANCELLED by the signal
   */
  async send(request: StoreRequest): Promise<StoreAnswer> {
    const { attempts, requestMs } = this.#settings;
    const deadlineMs = attempts * (requestMs + maxPauseMs);
    const policy = { attempts, deadlineMs, firstPauseMs, maxPauseMs, random: Math.random };
    return await withRetries(policy, request.signal, () => this.#try(request));
  }

  async #try(request: StoreRequest): Promise<Attempt<StoreAnswer>> {
    const limit = AbortSignal.timeout(this.#settings.requestMs);
    const signed = await this.#sign(request);
    try {
      const response = await fetch(signed.url, {
        method: request.method,
        headers: signed.headers,
        body: (request.body as Uint8Array<ArrayBuffer> | undefined) ?? null,
        // A signature is for one place.
        redirect: 'manual',
        signal: AbortSignal.any([request.signal, limit]),
      });
      const body = await readBody(response, response.ok ? request.maxAnswerBytes : 1 << 20);
      // Putting parts together may fail after the status was sent.
      const isFailure = request.method === 'POST' && body.subarray(0, 200).includes('<Error>');
      const hasFailed = !response.ok || isFailure;
      if (!hasFailed) return { kind: 'done', value: { headers: response.headers, body } };
      return this.#refusal(request, response, body.toString('utf8'));
    } catch (error) {
      if (request.signal.aborted) throw new MgrpoError('CANCELLED', 'the request was cancelled');
      if (error instanceof MgrpoError) throw error;
      const reason = limit.aborted
        ? `no answer within ${this.#settings.requestMs} ms`
        : causeOf(error);
      const what = `the store at ${this.#settings.endpoint} can't be reached: ${reason}`;
      return again(new MgrpoError('UNAVAILABLE', what, { cause: error }), null);
    }
  }

  async #sign({ method, key, query = {}, headers = {}, body }: StoreRequest) {
    const { endpoint, region, addressing, credentials } = this.#settings;
    const { bucket } = this.#address;
    const url = new URL(endpoint);
    const path = key.split('/').map(encodeURIComponent).join('/');
    if (addressing === 'virtual') url.host = `${bucket}.${url.host}`;
    url.pathname = addressing === 'virtual' ? `/${path}` : `/${bucket}/${path}`;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    // Loaded when it is first needed: most runs have no store.
    const { AwsV4Signer } = await import('aws4fetch');
    const signer = new AwsV4Signer({
      ...(await credentials()),
      ...{ method, region, service: 's3', url: url.href },
      headers: { ...headers, 'x-amz-content-sha256': sha256Of(body ?? new Uint8Array()) },
    });
    return await signer.sign();
  }

  #refusal(
    { method, key }: StoreRequest,
    { status, headers }: Response,
    xml: string,
  ): Attempt<never> {
    const code = textOf(xml, 'Code').slice(0, 100);
    const said = [code, textOf(xml, 'Message').slice(0, 200)].filter(Boolean).join(': ');
    const what = `${method} s3://${this.#address.bucket}/${key}: the store answers ${status}${said && ` ${said}`}`;
    const isTransient = status >= 500 || status === 429 || status === 408 || status === 200;
    if (isTransient || transientCodes.includes(code)) {
      return again(new MgrpoError('UNAVAILABLE', what), retryAfterMs(headers));
    }
    const [error, remedy] = meaningOf(status, code);
    throw new MgrpoError(error, `${what}; ${remedy}`);
  }
}

/** What a refusal that stays one means, and what to do. */
function meaningOf(status: number, code: string): readonly [ErrorCode, string] {
  if (code === 'NoSuchBucket') return ['NOT_FOUND', 'make the bucket, or mend the s3:// address'];
  if (status === 404) return ['NOT_FOUND', 'mend the s3:// address'];
  if (status === 412) return ['CORRUPT', 'the object is another by now: start again'];
  if (code === 'RequestTimeTooSkewed')
    return ['PERMISSION_DENIED', 'set the clock of this machine'];
  if (status === 401 || status === 403) {
    return [
      'PERMISSION_DENIED',
      'check the credentials (AWS_ACCESS_KEY_ID …) and what they may do',
    ];
  }
  const isElsewhere = (status >= 300 && status < 400) || code === 'AuthorizationHeaderMalformed';
  if (isElsewhere) return ['INVALID_CONFIG', 'mend deployment.store.region and endpoint'];
  return ['INVALID_INPUT', 'check that it speaks the S3 protocol'];
}

/** Hex SHA-256. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function again(error: MgrpoError, afterMs: number | null): Attempt<never> {
  return { kind: 'again', error, afterMs, isBusy: false };
}

function retryAfterMs(headers: Headers): number | null {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

/** fetch says only that it failed; why is in the cause. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return messageOf(cause ?? error);
}

async function readBody(response: Response, maxBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) {
      throw new MgrpoError(
        'INVALID_INPUT',
        `the store answers with more than ${maxBytes} bytes; is it one?`,
      );
    }
    parts.push(part);
  }
  const declared = Number(response.headers.get('content-length') ?? bytes);
  if (declared === bytes) return Buffer.concat(parts);
  throw new Error(`the answer ended after ${bytes} of ${declared} bytes`);
}
