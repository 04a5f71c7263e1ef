import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { LeaseRecord } from './lease-record.ts';

/** What is written: everything but the version that the API server gives it. */
export type LeaseWrite = Omit<LeaseRecord, 'resourceVersion'>;

/** Where the Leases are. */
export interface LeaseStore {
  /** Null when there is none of this name. */
  read(name: string): Promise<LeaseRecord | null>;
  /** Null when another was faster. */
  create(name: string, lease: LeaseWrite): Promise<LeaseRecord | null>;
  /** Null when the Lease has changed since `resourceVersion`. */
  replace(name: string, lease: LeaseRecord): Promise<LeaseRecord | null>;
}

interface ClusterAccess {
  /** host:port of the API server. */
  readonly apiServer: string;
  /** Folder with `token`, `ca.crt` and `namespace`, as a pod mounts them. */
  readonly account: string;
  /** For one request (ms). */
  readonly deadlineMs: number;
}

const conflict = 409;

/**
 * The Leases of a pod's namespace, over the API server (`coordination.k8s.io/v1`).
 *
 * Three verbs of one resource: a Kubernetes client library would be a hundred times the code.
 */
export class KubernetesLeases implements LeaseStore {
  readonly #access: ClusterAccess;
  readonly #path: string;

  /** @throws MgrpoError INVALID_CONFIG outside of a pod, or in one without a service account's token */
  constructor(access: ClusterAccess) {
    this.#access = access;
    const namespace = this.#account('namespace').trim();
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  }

  async read(name: string): Promise<LeaseRecord | null> {
    const { status, body } = await this.#request('GET', `/${name}`);
    return status === 404 ? null : this.#recordOf(name, status, body);
  }

  async create(name: string, lease: LeaseWrite): Promise<LeaseRecord | null> {
    const { status, body } = await this.#request('POST', '', leaseObject(name, lease));
    return status === conflict ? null : this.#recordOf(name, status, body);
  }

  async replace(name: string, lease: LeaseRecord): Promise<LeaseRecord | null> {
    const object = leaseObject(name, lease, lease.resourceVersion);
    const { status, body } = await this.#request('PUT', `/${name}`, object);
    return status === conflict ? null : this.#recordOf(name, status, body);
  }

  #account(file: string): string {
    const { account } = this.#access;
    try {
      return readFileSync(join(account, file), 'utf8');
    } catch (cause) {
      throw new MgrpoError(
        'INVALID_CONFIG',
        `deployment.lease.account: there is no ${file} in ${account}, so this is no pod with a service account; set deployment.lease.name to null outside of Kubernetes, and mount the account inside`,
        { cause },
      );
    }
  }

  #recordOf(name: string, status: number, body: string): LeaseRecord {
    if (status === 401 || status === 403) {
      throw new MgrpoError(
        'INVALID_CONFIG',
        `the Lease ${name} is refused by the API server (${status}): give the service account a Role with get, create and update of leases, as deploy/components/lease does`,
      );
    }
    if (status >= 300) throw new MgrpoError('UNAVAILABLE', `the API server answers ${status}`);
    try {
      const { metadata, spec = {} } = JSON.parse(body);
      return {
        resourceVersion: String(metadata.resourceVersion),
        holder: spec.holderIdentity ?? '',
        durationSeconds: spec.leaseDurationSeconds ?? 0,
        transitions: spec.leaseTransitions ?? 0,
        acquired: spec.acquireTime ?? '',
      };
    } catch (cause) {
      throw new MgrpoError('UNAVAILABLE', `the API server's answer on ${name} is no Lease`, {
        cause,
      });
    }
  }

  async #request(
    method: string,
    path: string,
    object?: object,
  ): Promise<{ status: number; body: string }> {
    const { apiServer, deadlineMs } = this.#access;
    const { hostname, port } = new URL(`https://${apiServer}`);
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    // The token and the authority are read each time: the kubelet renews them.
    const headers = {
      authorization: `Bearer ${this.#account('token').trim()}`,
      accept: 'application/json',
      'content-type': 'application/json',
    };
    const signal = AbortSignal.timeout(deadlineMs);
    const options = { hostname, port, method, headers, signal, path: this.#path + path };
    const call = request({ ...options, ca: this.#account('ca.crt') }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    call.on('error', reject);
    call.end(object === undefined ? undefined : JSON.stringify(object));
    try {
      return await promise;
    } catch (cause) {
      const reason = signal.aborted ? `nothing within ${deadlineMs} ms` : messageOf(cause);
      throw new MgrpoError('UNAVAILABLE', `the API server at ${apiServer}: ${reason}`, {
        cause,
      });
    }
  }
}

function leaseObject(name: string, lease: LeaseWrite, resourceVersion?: string): object {
  const now = microTime(new Date());
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, ...(resourceVersion !== undefined && { resourceVersion }) },
    spec: {
      holderIdentity: lease.holder,
      leaseDurationSeconds: lease.durationSeconds,
      leaseTransitions: lease.transitions,
      acquireTime: lease.acquired === '' ? now : lease.acquired,
      renewTime: now,
    },
  };
}

/** RFC 3339 with microseconds, the API's `MicroTime`. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
