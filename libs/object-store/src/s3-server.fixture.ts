import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with a request. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly code: string }
  /** The connection ends in the middle of the answer. */
  | { readonly kind: 'cut' }
  /** One byte of the object is another. */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'slow'; readonly ms: number };

export interface SeenRequest {
  readonly method: string;
  /** From the bucket on; empty for the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}

interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
}

/**
 * A double of an S3 server, in memory, for tests: one bucket, path addressing, and of the protocol what we use. It works the
 * signatures (SigV4) and body hashes out by itself and refuses wrong ones, and it fails as told. It is only a double: what a
 * real store does otherwise, it does not show.
 */
export class S3Server {
  readonly bucket = 'bucket';
  readonly env = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    AWS_SESSION_TOKEN: 'session+token/example==',
  };
  readonly objects = new Map<string, StoredObject>();
  readonly requests: SeenRequest[] = [];
  /** Asked before each request. */
  fault: (request: SeenRequest) => Fault | null = () => null;
  /** Objects in one page of a listing. */
  pageSize = 3;
  readonly #uploads = new Map<string, Map<number, StoredObject>>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<S3Server> {
    const server = createServer();
    const double = new S3Server(server);
    server.on('request', (request, response) => {
      double.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return double;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Puts an object there by another way. */
  put(key: string, body: string | Buffer): void {
    this.objects.set(key, objectOf(Buffer.from(body)));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', this.endpoint);
    const [bucket, ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const seen = { method: request.method ?? '', key: rest.join('/'), query: url.searchParams };
    this.requests.push(seen);
    const fault = this.fault(seen);
    if (fault?.kind === 'slow') await new Promise((done) => setTimeout(done, fault.ms));
    if (fault?.kind === 'status') return refuse(response, fault.status, fault.code);
    if (fault?.kind === 'cut') {
      response.writeHead(200, { 'content-length': 1000 }).write('<');
      setTimeout(() => response.destroy(), 10);
      return;
    }
    const wrong = this.#signatureFault(request, url, body);
    if (wrong !== null) return refuse(response, ...wrong);
    if (bucket !== this.bucket) return refuse(response, 404, 'NoSuchBucket');
    this.#serve(seen, { request, response, body, isDamaged: fault?.kind === 'damaged' });
  }

  #serve(
    { method, key, query }: SeenRequest,
    {
      request,
      response,
      body,
      isDamaged,
    }: { request: IncomingMessage; response: ServerResponse; body: Buffer; isDamaged: boolean },
  ) {
    const uploadId = query.get('uploadId');
    if (method === 'GET' && key === '') return this.#list(query, response);
    if (method === 'GET') return this.#get(key, { request, response, isDamaged });
    if (method === 'POST' && query.has('uploads')) {
      const id = `upload-${this.#uploads.size + 1}+/=`;
      this.#uploads.set(id, new Map());
      response.end(
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
      return;
    }
    if (method === 'POST' && uploadId !== null) {
      return this.#complete(key, { uploadId, xml: body.toString('utf8'), response });
    }
    if (method === 'DELETE') {
      if (uploadId === null) this.objects.delete(key);
      else this.#uploads.delete(uploadId);
      response.writeHead(204).end();
      return;
    }
    const object = objectOf(body);
    if (uploadId === null) this.objects.set(key, object);
    else this.#uploads.get(uploadId)?.set(Number(query.get('partNumber')), object);
    response.writeHead(200, { etag: object.etag }).end();
  }

  #list(query: URLSearchParams, response: ServerResponse) {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > after)
      .sort();
    const page = keys.slice(0, this.pageSize);
    const isTruncated = page.length < keys.length;
    const contents = page.map((key) => {
      const { body, etag } = this.objects.get(key)!;
      const quoted = etag.replaceAll('"', '&quot;');
      return `<Contents><Key>${escapeXml(key)}</Key><ETag>${quoted}</ETag><Size>${body.length}</Size></Contents>`;
    });
    const next = isTruncated
      ? `<NextContinuationToken>${escapeXml(page.at(-1)!)}</NextContinuationToken>`
      : '';
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    );
  }

  #get(
    key: string,
    {
      request,
      response,
      isDamaged,
    }: { request: IncomingMessage; response: ServerResponse; isDamaged: boolean },
  ) {
    const object = this.objects.get(key);
    if (object === undefined) return refuse(response, 404, 'NoSuchKey');
    const wanted = request.headers['if-match'];
    if (wanted !== undefined && wanted !== object.etag) {
      return refuse(response, 412, 'PreconditionFailed');
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const range =
      from === undefined ? object.body : object.body.subarray(Number(from), Number(to) + 1);
    const body = Buffer.from(range);
    if (isDamaged && body.length > 0) body[body.length >> 1]! ^= 1;
    response.writeHead(from === undefined ? 200 : 206, {
      etag: object.etag,
      'content-length': body.length,
    });
    response.end(body);
  }

  #complete(
    key: string,
    { uploadId, xml, response }: { uploadId: string; xml: string; response: ServerResponse },
  ) {
    const parts = this.#uploads.get(uploadId);
    if (parts === undefined) return refuse(response, 404, 'NoSuchUpload');
    const named = [...xml.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
    const bodies = named.flatMap(([, number, etag]) => {
      const part = parts.get(Number(number));
      return part !== undefined && part.etag === etag!.replaceAll('&quot;', '"') ? [part.body] : [];
    });
    if (bodies.length !== parts.size || bodies.length === 0) {
      // As Amazon's does: the failure is in the body.
      response.end('<Error><Code>InvalidPart</Code></Error>');
      return;
    }
    this.objects.set(key, objectOf(Buffer.concat(bodies)));
    this.#uploads.delete(uploadId);
    response.end('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>');
  }

  /** Status and code of what is wrong with a request's signature or body, or null. */
  #signatureFault(
    request: IncomingMessage,
    url: URL,
    body: Buffer,
  ): readonly [number, string] | null {
    const { headers } = request;
    const pattern =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
    const [, id, date, region, signed, signature] = pattern.exec(headers.authorization ?? '') ?? [];
    if (id !== this.env.AWS_ACCESS_KEY_ID) return [403, 'InvalidAccessKeyId'];
    if (headers['x-amz-security-token'] !== this.env.AWS_SESSION_TOKEN)
      return [403, 'InvalidToken'];
    if (headers['x-amz-content-sha256'] !== hashOf(body)) return [400, 'XAmzContentSHA256Mismatch'];
    const names = signed!.split(';');
    const required = ['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'];
    if (required.some((name) => !names.includes(name))) return [403, 'AccessDenied'];
    const time = String(headers['x-amz-date']);
    const query = [...url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&');
    const canonical = [
      request.method,
      url.pathname
        .split('/')
        .map((part) => encode(decodeURIComponent(part)))
        .join('/'),
      query,
      ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
      '',
      signed,
      hashOf(body),
    ].join('\n');
    const scope = `${date}/${region}/s3/aws4_request`;
    const toSign = ['AWS4-HMAC-SHA256', time, scope, hashOf(Buffer.from(canonical))].join('\n');
    const key = [date!, region!, 's3', 'aws4_request'].reduce<Buffer | string>(
      (before, part) => createHmac('sha256', before).update(part).digest(),
      `AWS4${this.env.AWS_SECRET_ACCESS_KEY}`,
    );
    const expected = createHmac('sha256', key).update(toSign).digest('hex');
    return expected === signature ? null : [403, 'SignatureDoesNotMatch'];
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as told</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
}

function objectOf(body: Buffer): StoredObject {
  return { body, etag: `"${createHash('md5').update(body).digest('hex')}"` };
}

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** As SigV4 has it: all but letters, digits and -._~ */
const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
