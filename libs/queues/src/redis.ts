import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { hidePassword, MgrpoError, messageOf } from '@mgrpo/errors';
import { Redis, type RedisOptions } from 'ioredis';
import { sentinelOptions } from './sentinel-url.ts';

/** Where a Redis is, and who we are there. Secrets stay in their files until a connection is made. */
export interface RedisAddress {
  readonly url: string;
  /** User of the server's access list; the URL's, or the default user, where it is null. */
  readonly username: string | null;
  /** Null where the URL holds the password, or none is needed. */
  readonly passwordFile: string | null;
  /** PEM of the authority of a rediss:// server; null takes those of the system. */
  readonly ca: string | null;
  /** PEM certificate and key for a server that asks for them. */
  readonly certificate: string | null;
  readonly key: string | null;
}

/** For tools; services take `deployment.deadlines.redisMs`. */
const defaultAnswerDeadlineMs = 5000;

/**
 * A connection whose commands wait while Redis is away and go on when it is back.
 *
 * Everything in Redis can be recomputed, so waiting is right: a command that failed at the first hiccup would
 * only be tried again by the caller. Callers that can't wait set their own deadline. A connection that owes an
 * answer for `answerDeadlineMs` is opened anew.
 *
 * @throws MgrpoError INVALID_CONFIG naming a file of the address that can't be read
 */
export function connectRedis(
  address: string | RedisAddress,
  answerDeadlineMs = defaultAnswerDeadlineMs,
): Redis {
  const redis = client(address, {
    // A connection whose other end is gone without a word is noticed by this alone.
    socketTimeout: answerDeadlineMs,
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
    // A master that has become a replica: whoever is master now is asked for, and told the command again.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  });
  // Without a listener a lost connection would end the process; the next command waits for its return.
  redis.on('error', () => {});
  return redis;
}

/** Redis's clock, the one that all processes of a run share; milliseconds since the epoch. */
export async function redisNowMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

// Refusals that end by themselves: no memory left, a start, a change of masters, a disk that is full.
const passing = /^(OOM|LOADING|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF)\b/;
const connectionLost =
  /Connection is closed|Socket (closed|timeout)|connect E(CONN|NOENT|TIMEDOUT)|read ECONN|write E(CONN|PIPE)/;

/** Whether an error of a command means that Redis is away or can't take anything now, and will be back. */
export function isRedisOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof MgrpoError) return false;
  if (refusalsOf(error).some(isRedisOutage)) return true;
  // A script's refusal is quoted after the script's own words.
  const isRefused = passing.test(error.message) || /-(OOM|READONLY)\b/.test(error.message);
  return isRefused || connectionLost.test(error.message);
}

/** The words of a command's error; of a transaction that was discarded, those of the refusal that it was discarded for. */
export function redisReason(error: unknown): string {
  return messageOf(refusalsOf(error)[0] ?? error);
}

/** A transaction is discarded (EXECABORT) for commands of it that were refused; ioredis keeps the refusals. */
function refusalsOf(error: unknown): unknown[] {
  const { previousErrors } = (error ?? {}) as { previousErrors?: unknown };
  return Array.isArray(previousErrors) ? previousErrors : [];
}

type ClientOptions = Pick<
  RedisOptions,
  | 'lazyConnect'
  | 'maxRetriesPerRequest'
  | 'reconnectOnError'
  | 'retryStrategy'
  | 'sentinelRetryStrategy'
  | 'socketTimeout'
>;

/** At an address, or at the master that its Sentinels name. */
function client(address: string | RedisAddress, options: ClientOptions): Redis {
  const url = urlOf(address);
  const own = { ...identityOptions(address), ...options };
  const sentinels = sentinelOptions(url);
  if (sentinels !== null) return new Redis({ ...sentinels, ...own });
  try {
    return new Redis(url, own);
  } catch {
    // The parser's own words quote the address, with the password.
    throw new MgrpoError(
      'INVALID_CONFIG',
      `${hidePassword(url)} is no address of a Redis: its port may be none, or a % begin no escape (write it as %25)`,
    );
  }
}

const urlOf = (address: string | RedisAddress) =>
  typeof address === 'string' ? address : address.url;

type IdentityOptions = Pick<RedisOptions, 'username' | 'password' | 'tls'>;

function identityOptions(address: string | RedisAddress): IdentityOptions {
  if (typeof address === 'string') return {};
  const { username, passwordFile, ca, certificate, key } = address;
  const options: IdentityOptions = {};
  if (username !== null) options.username = username;
  if (passwordFile !== null) {
    options.password = readSecret('passwordFile', passwordFile).toString('utf8').trim();
  }
  const tls: ConnectionOptions = {};
  if (ca !== null) tls.ca = readSecret('ca', ca);
  if (certificate !== null) tls.cert = readSecret('certificate', certificate);
  if (key !== null) tls.key = readSecret('key', key);
  return Object.keys(tls).length > 0 ? { ...options, tls } : options;
}

function readSecret(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `deployment.redis.${key}: ${path} can't be read (${messageOf(cause)})`,
      { cause },
    );
  }
}

/** @throws MgrpoError UNAVAILABLE naming the URL when Redis doesn't answer within `deadlineMs`. */
export async function requireRedis(
  address: string | RedisAddress,
  deadlineMs: number,
): Promise<void> {
  const redis = client(address, {
    lazyConnect: true,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  });
  let lastError: unknown;
  redis.on('error', (error) => {
    lastError = error;
  });
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer')), deadlineMs);
  try {
    await Promise.race([redis.connect().then(() => redis.ping()), timeout]);
  } catch (error) {
    const reason = lastError ?? error;
    throw new MgrpoError(
      'UNAVAILABLE',
      // The reason may quote the address too.
      hidePassword(
        `no Redis at ${urlOf(address)}: ${messageOf(reason)}; start one, or correct --redis or REDIS_URL`,
      ),
      { cause: reason },
    );
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}
