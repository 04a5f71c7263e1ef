import {
  type ChannelCredentials,
  type ClientOptions,
  credentials,
  experimental,
  InterceptingCall,
  type Interceptor,
  ServerCredentials,
} from '@grpc/grpc-js';
import type { AccessRole } from './access.ts';
import {
  type CertificateFiles,
  certificateProvider,
  type PeerCertificates,
  roleOfNames,
  roleUri,
  watchCertificates,
} from './peer-certificates.ts';
import { roleOfBearer, type TokenRoles, watchToken, watchTokenRoles } from './tokens.ts';
import type { WatchedFiles } from './watched-files.ts';

export interface PeerSecurityOptions {
  /** For connections by TLS with certificates on both sides; null for plain ones. */
  readonly certificates: CertificateFiles | null;
  /** File with the token that we call with. */
  readonly tokenFile: string | null;
  /** File with the tokens whose bearers may call us. */
  readonly tokensFile: string | null;
  /** How often the files are looked at again. */
  readonly reloadMs: number;
  /** Told of files that changed and can't be used. */
  onProblem(message: string): void;
}

/**
 * How a process shows who it is, and knows who calls: certificates of the run's own authority, or bearer tokens.
 *
 * Both are read again when their files change. Open connections and their streams stay; new ones use the new files.
 */
export class PeerSecurity {
  readonly #certificates: WatchedFiles<PeerCertificates> | null;
  readonly #token: WatchedFiles<string> | null;
  readonly #tokenRoles: WatchedFiles<TokenRoles> | null;
  // One object for each set of servers, so that clients of the same address share a connection.
  readonly #channels = new Map<string, ChannelCredentials>();

  /** @throws MgrpoError INVALID_CONFIG naming the file that is missing, broken or expired */
  constructor({ certificates, tokenFile, tokensFile, reloadMs, onProblem }: PeerSecurityOptions) {
    const watching = { everyMs: reloadMs, onProblem };
    this.#certificates = certificates && watchCertificates(certificates, watching);
    this.#token = tokenFile === null ? null : watchToken(tokenFile, watching);
    this.#tokenRoles = tokensFile === null ? null : watchTokenRoles(tokensFile, watching);
  }

  /** Whether callers must say who they are. */
  get isClosed(): boolean {
    return this.#certificates !== null || this.#tokenRoles !== null;
  }

  /** The role of our own certificate; null where connections are plain. */
  get certificateRole(): AccessRole | null {
    return this.#certificates?.value.role ?? null;
  }

  /** What a caller without a role lacks, in words. */
  get whatIsAsked(): string {
    return this.#certificates === null
      ? 'send the token of a role that this service knows (deployment.security.tokenFile)'
      : `use a certificate with a URI like ${roleUri('voter')} (deployment.security.certificate)`;
  }

  /** Options of a client that takes only a server whose certificate names one of `servers`. */
  clientOptions(servers: readonly AccessRole[]): {
    credentials: ChannelCredentials;
    options: ClientOptions;
  } {
    const options = {
      ...(this.#token === null ? {} : { interceptors: [this.#sendToken(this.#token)] }),
      // TLS asks for a name, and addresses are none.
      ...(this.#certificates === null ? {} : { 'grpc.ssl_target_name_override': servers[0] ?? '' }),
    };
    return { credentials: this.#channelCredentials(servers), options };
  }

  serverCredentials(): ServerCredentials {
    if (this.#certificates === null) return ServerCredentials.createInsecure();
    const provider = certificateProvider(this.#certificates);
    return experimental.createCertificateProviderServerCredentials(provider, provider, true);
  }

  /** Who calls: by certificate where connections have them, else by token. */
  roleOf(caller: {
    alternativeNames: string | undefined;
    authorization: string | undefined;
  }): AccessRole | null {
    if (this.#certificates !== null) return roleOfNames(caller.alternativeNames);
    return this.roleOfBearer(caller.authorization);
  }

  /** Who sends this `Authorization` header; null where it is none that we know. */
  roleOfBearer(authorization: string | undefined): AccessRole | null {
    return this.#tokenRoles && roleOfBearer(authorization, this.#tokenRoles.value);
  }

  /** Ends the watching of files. */
  close(): void {
    this.#certificates?.close();
    this.#token?.close();
    this.#tokenRoles?.close();
  }

  #channelCredentials(servers: readonly AccessRole[]): ChannelCredentials {
    if (this.#certificates === null) return credentials.createInsecure();
    const key = servers.join();
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const provider = certificateProvider(this.#certificates);
    const made = experimental.createCertificateProviderChannelCredentials(provider, provider, {
      // Roles stand in for host names: pods have addresses that nobody knows beforehand, and a worker's
      // certificate must not pass for the learner's at any address.
      checkServerIdentity: (_name, { subjectaltname }) => {
        const role = roleOfNames(subjectaltname);
        if (role !== null && servers.includes(role)) return undefined;
        return new Error(
          `the server's certificate names ${subjectaltname ?? 'nobody'}, not ${servers.map(roleUri).join(' or ')}`,
        );
      },
    });
    this.#channels.set(key, made);
    return made;
  }

  #sendToken(token: WatchedFiles<string>): Interceptor {
    return (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start: (metadata, listener, next) => {
          metadata.set('authorization', `Bearer ${token.value}`);
          next(metadata, listener);
        },
      });
  }
}

/** Nobody asks, nobody tells: for connections that stay on this machine. */
export const openSecurity = new PeerSecurity({
  certificates: null,
  tokenFile: null,
  tokensFile: null,
  reloadMs: 1,
  onProblem: () => {},
});
