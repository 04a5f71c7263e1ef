import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { freePort } from './free-port.ts';
import { type RedisAddress, requireRedis } from './redis.ts';
import { installRedis } from './redis-install.ts';
import { PrivateRedis } from './redis-private.ts';

export interface RedisServerOptions {
  /** A server that someone runs, from `--redis` or `REDIS_URL`; null starts a private one. */
  readonly url: string | RedisAddress | null;
  /** For the files of a private server; made when missing. */
  readonly folder: string;
  /** Tells a person what is being done that takes its time. */
  readonly tell: (message: string) => void;
  /** Where programs are looked for: the PATH. */
  readonly searchPath: string;
}

export interface RedisServer {
  readonly url: string;
  /** Ends a private server; leaves one that someone else runs alone. */
  close(): Promise<void>;
}

const connectMs = 5000;
const dockerImage = 'valkey/valkey:8-alpine';
const run = promisify(execFile);

/**
 * A Redis that answers, in this order: the one that was named; a private `valkey-server` or `redis-server` from
 * the PATH; one in docker; and where apt-get can be run unattended as root, one installed by it.
 *
 * @throws UNAVAILABLE naming the URL, or what was looked for and the command that installs it
 */
export async function openRedis(options: RedisServerOptions): Promise<RedisServer> {
  const { url, folder, tell, searchPath } = options;
  if (url !== null) {
    await requireRedis(url, connectMs);
    return { url: typeof url === 'string' ? url : url.url, close: async () => {} };
  }
  const local = () => findProgram(['valkey-server', 'redis-server'], searchPath);
  const found = local();
  if (found) return PrivateRedis.start({ kind: 'program', program: found, folder });

  const reasons = ['neither valkey-server nor redis-server is on the PATH'];
  const docker = findProgram(['docker'], searchPath);
  if (docker) {
    const started = await tryDocker(docker, folder, tell);
    if (started instanceof PrivateRedis) return started;
    reasons.push(started);
  } else {
    reasons.push('there is no docker');
  }
  const aptGet = findProgram(['apt-get'], searchPath);
  const refusal = aptGet ? await installRedis({ aptGet, tell }) : 'there is no apt-get';
  const installed = local();
  if (installed) return PrivateRedis.start({ kind: 'program', program: installed, folder });
  reasons.push(refusal ?? 'apt-get brought none');
  throw new MgrpoError(
    'UNAVAILABLE',
    `no Redis server: ${reasons.join(', ')}. Install one (Debian: sudo apt-get install redis-server; ` +
      'macOS: brew install valkey), or name a running one with --redis URL or REDIS_URL',
  );
}

/** The first of `names` that stands in a folder of the search path and may be executed, or null. */
export function findProgram(names: readonly string[], searchPath: string): string | null {
  for (const name of names) {
    for (const folder of searchPath.split(delimiter).filter(Boolean)) {
      const program = join(folder, name);
      try {
        accessSync(program, constants.X_OK);
        return program;
      } catch {
        // Not in this folder: the next may have it.
      }
    }
  }
  return null;
}

/** A private server in docker, or why there is none. */
async function tryDocker(
  docker: string,
  folder: string,
  tell: RedisServerOptions['tell'],
): Promise<PrivateRedis | string> {
  try {
    await run(docker, ['version', '--format', '{{.Server.Version}}'], { timeout: 5000 });
  } catch {
    return 'docker is not running';
  }
  tell(`starting ${dockerImage} in docker`);
  const port = await freePort();
  try {
    return await PrivateRedis.start({ kind: 'docker', docker, image: dockerImage, port, folder });
  } catch (error) {
    return `docker did not start ${dockerImage} (${messageOf(error)})`;
  }
}
