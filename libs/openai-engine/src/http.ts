import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { MgrpoError, messageOf } from '@mgrpo/errors';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Sent as JSON; null sends none. */
  readonly body: unknown;
  readonly apiKey: string | null;
  readonly timeoutMs: number;
  /** A longer answer is refused. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** What `Retry-After` asks for; null where the header is missing or unreadable. */
  readonly retryAfterMs: number | null;
  readonly text: string;
}

const agents = {
  'http:': new HttpAgent({ keepAlive: true }),
  'https:': new HttpsAgent({ keepAlive: true }),
};

/**
 * One request and its whole answer.
 *
 * By `node:http` and not `fetch`, which gives up after 300 s without a header: a long response takes longer.
 *
 * @throws MgrpoError UNAVAILABLE when the connection fails or breaks, DEADLINE after `timeoutMs`, CANCELLED when
 * `signal` aborts, INVALID_MESSAGE when the answer is longer than `maxBytes`
 */
export async function httpRequest(url: URL, options: HttpRequest): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  try {
    const response = await send(url, options, signal);
    const text = await textOf(response, url, options.maxBytes);
    const retryAfterMs = retryAfter(response.headers['retry-after']);
    return { status: response.statusCode ?? 0, retryAfterMs, text };
  } catch (cause) {
    if (cause instanceof MgrpoError) throw cause;
    const where = `${url.origin}${url.pathname}`;
    if (options.signal.aborted) throw new MgrpoError('CANCELLED', `${where} was cancelled`);
    if (timeout.aborted) {
      throw new MgrpoError('DEADLINE', `${where} took longer than ${options.timeoutMs} ms`);
    }
    throw new MgrpoError('UNAVAILABLE', `${where}: ${messageOf(cause)}`, { cause });
  }
}

function send(url: URL, options: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, body, apiKey } = options;
  const text = body === null ? '' : JSON.stringify(body);
  const isSecure = url.protocol === 'https:';
  const headers = {
    ...(body === null ? {} : { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(text),
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  };
  return new Promise((resolve, reject) => {
    const start = isSecure ? requestHttps : requestHttp;
    const agent = agents[isSecure ? 'https:' : 'http:'];
    start(url, { method, headers, agent, signal }, resolve).on('error', reject).end(text);
  });
}

async function textOf(response: IncomingMessage, url: URL, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let numBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    numBytes += chunk.length;
    if (numBytes > maxBytes) {
      // Leaving the loop destroys the response, and its socket with it.
      throw new MgrpoError(
        'INVALID_MESSAGE',
        `${url.origin}${url.pathname} answered more than ${maxBytes} bytes; raise deployment.openai.maxAnswerBytes if that is right`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
