import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { makeCertificate, makeKeyPair } from '@mgrpo/certificates';

interface StoredLease {
  metadata: { name: string; resourceVersion?: string };
  spec: Record<string, unknown>;
}

/**
 * The Leases of an API server: HTTPS with an authority of its own, a bearer token, and resource versions that
 * refuse a stale write. A double: no API server can be had from npm or Debian.
 */
export class ApiServer {
  readonly leases = new Map<string, StoredLease>();
  /** host:port */
  readonly apiServer: string;
  /** As a pod's service account mounts it. */
  readonly account: string;
  /** How it answers: as it should, not at all, or with this status. */
  mode: 'well' | 'silent' | number = 'well';
  /** Of its answers, in order. */
  readonly statuses: number[] = [];
  readonly #server: Server;
  #version = 0;

  private constructor(server: Server, apiServer: string, account: string) {
    this.#server = server;
    this.apiServer = apiServer;
    this.account = account;
  }

  static async start(folder: string): Promise<ApiServer> {
    const account = join(folder, 'account');
    mkdirSync(account, { recursive: true });
    const { privateKey, publicKey } = makeKeyPair();
    const names = { commonName: 'kubernetes', publicKey, days: 1, now: new Date() };
    const issuer = { commonName: 'authority', privateKey };
    const hosts = ['127.0.0.1'];
    const ca = makeCertificate(
      { ...names, commonName: 'authority', kind: { kind: 'authority' } },
      issuer,
    );
    const cert = makeCertificate({ ...names, kind: { kind: 'peer', uri: null, hosts } }, issuer);
    writeFileSync(join(account, 'ca.crt'), ca);
    writeFileSync(join(account, 'token'), 'a-token\n');
    writeFileSync(join(account, 'namespace'), 'mgrpo');
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const server = createServer({ key, cert });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const api = new ApiServer(server, `127.0.0.1:${address.port}`, account);
    server.on('request', (request, response) => void api.#answer(request, response));
    return api;
  }

  /** Another process takes a Lease, as it may once its holder was silent, and is never heard of again. */
  steal(name: string, holder: string): void {
    const lease = this.leases.get(name)!;
    lease.spec = { ...lease.spec, holderIdentity: holder };
    lease.metadata.resourceVersion = `${holder}'s`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (this.mode === 'silent') return;
    const { status, body } = this.#handle(request, Buffer.concat(chunks).toString());
    this.statuses.push(status);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  #handle({ method, url = '', headers }: IncomingMessage, text: string) {
    if (headers.authorization !== 'Bearer a-token') return { status: 401, body: {} };
    if (typeof this.mode === 'number') return { status: this.mode, body: {} };
    const path = '/apis/coordination.k8s.io/v1/namespaces/mgrpo/leases';
    if (!url.startsWith(path)) return { status: 404, body: {} };
    const name = url.slice(path.length + 1);
    const stored = this.leases.get(name);
    if (method === 'GET') return { status: stored ? 200 : 404, body: stored ?? {} };
    const lease: StoredLease = JSON.parse(text);
    const isStale =
      method === 'POST'
        ? this.leases.has(lease.metadata.name)
        : stored?.metadata.resourceVersion !== lease.metadata.resourceVersion;
    if (isStale) return { status: 409, body: {} };
    this.#version += 1;
    lease.metadata.resourceVersion = String(this.#version);
    this.leases.set(lease.metadata.name, lease);
    return { status: method === 'POST' ? 201 : 200, body: lease };
  }
}
