import { gigabytes } from '@mgrpo/service';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly found: string;
  /** What to do; where the status is not ok. */
  readonly remedy?: string;
}

/** What was found out about this machine. */
export interface MachineFacts {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly freeDiskBytes: number;
  readonly isSetUp: boolean;
  readonly onnxRuntime: string;
  readonly providers: readonly string[];
  readonly redis: RedisFacts;
}

/** Where a run would get its Redis from. */
export type RedisFacts =
  | { readonly kind: 'answers'; readonly url: string }
  | { readonly kind: 'no-answer'; readonly reason: string }
  | { readonly kind: 'program'; readonly program: string; readonly version: string }
  | { readonly kind: 'docker' }
  | { readonly kind: 'apt-get' }
  | { readonly kind: 'none' };

const leastMemoryBytes = 2 * 2 ** 30;
const leastDiskBytes = 2 ** 30;

/** Judges what was found, with the remedy where something is missing. */
export function checksOf(facts: MachineFacts): Check[] {
  const { memoryBytes, freeDiskBytes } = facts;
  return [
    nodeCheck(facts),
    {
      name: 'packages',
      ...(facts.isSetUp
        ? { status: 'ok', found: 'as pnpm-lock.yaml says' }
        : {
            status: 'warning',
            found: 'not as pnpm-lock.yaml says',
            remedy: 'start by bin/mgrpo or npm, which install them',
          }),
    },
    { name: 'processor', status: 'ok', found: `${facts.cpu}, ${facts.cores} cores` },
    {
      name: 'memory',
      ...(memoryBytes >= leastMemoryBytes
        ? { status: 'ok', found: gigabytes(memoryBytes) }
        : {
            status: 'warning',
            found: gigabytes(memoryBytes),
            remedy: 'the default recipe needs 2 GB; close other programs',
          }),
    },
    {
      name: 'disk',
      ...(freeDiskBytes >= leastDiskBytes
        ? { status: 'ok', found: `${gigabytes(freeDiskBytes)} free here` }
        : {
            status: 'warning',
            found: `${gigabytes(freeDiskBytes)} free here`,
            remedy: 'checkpoints need room: free some, or name another folder by --run',
          }),
    },
    {
      name: 'ONNX Runtime',
      status: 'ok',
      found: `${facts.onnxRuntime}; providers ${facts.providers.join(', ')}`,
    },
    { name: 'Redis', ...redisCheck(facts.redis) },
  ];
}

function nodeCheck({ node, platform }: MachineFacts): Check {
  const found = `${node} on ${platform}`;
  if (Number(node.split('.')[0]) >= 24) return { name: 'Node.js', status: 'ok', found };
  const remedy = 'start by bin/mgrpo or npm, which bring Node 24';
  return { name: 'Node.js', status: 'failed', found, remedy };
}

function redisCheck(redis: RedisFacts): Omit<Check, 'name'> {
  switch (redis.kind) {
    case 'answers':
      return { status: 'ok', found: `answers at ${redis.url}` };
    case 'no-answer':
      return {
        status: 'failed',
        found: redis.reason,
        remedy: 'without --redis and REDIS_URL a private server is started',
      };
    case 'program':
      return { status: 'ok', found: `${redis.program} (${redis.version}), started with a run` };
    case 'docker':
      return { status: 'ok', found: 'no server installed; one is started in docker with a run' };
    case 'apt-get':
      return {
        status: 'warning',
        found: 'no server installed; the first run installs one by apt-get',
      };
    case 'none':
      return {
        status: 'failed',
        found: 'no server, no docker',
        remedy:
          'install one (Debian: sudo apt-get install redis-server; macOS: brew install valkey) or name one by REDIS_URL',
      };
  }
}
