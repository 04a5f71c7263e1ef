import { queueNames } from './jobs.ts';

/** Who has a user of the Redis of a run. */
export const redisRoles = [
  'coordinator',
  'policy-rollout',
  'momentum-rollout',
  'voter',
  'learner',
  'operator',
] as const;

export type RedisRole = (typeof redisRoles)[number];

// What BullMQ's scripts and our payloads are made of; no command that sees the server or other keys.
const commands = [
  '-@all',
  '+@connection',
  '-client',
  '+client|setname',
  '+client|id',
  '+info',
  '+time',
  '+@hash',
  '+@list',
  '+@set',
  '+@sortedset',
  '+@stream',
  '+@string',
  '-flushall',
  '-flushdb',
  '+del',
  '+unlink',
  '+exists',
  '+expire',
  '+pexpire',
  '+type',
  '+ttl',
  '+pttl',
  '+eval',
  '+evalsha',
  '+script|load',
  '+multi',
  '+exec',
];

const queue = (name: string) => `~{mgrpo.*}:${name}:*`;
const { policy, momentum, vote, learn, evaluate } = queueNames;
const verdicts = '~mgrpo:*:verdict:*';
/** Signs of life, which every service gives and the coordinator reads. */
const presence = ['~{mgrpo.*}:alive:*', '~{mgrpo.*}:processes'];
const rollouts = (role: string) => [`~mgrpo:*:train:*:${role}:*`, `~mgrpo:*:eval:*:${role}:*`];

/**
 * Keys that each role reads and writes. A job that ends changes the queue of its parent (its dependencies, and
 * whether it waits), and one that fails fails the ancestors, so a role has its own queue and those above it.
 */
const keys: Readonly<Record<RedisRole, readonly string[]>> = {
  coordinator: [
    '~{mgrpo.*}:trees',
    ...Object.values(queueNames).map(queue),
    // Evaluations are scored here, and the input of a job that nobody can do is put into quarantine.
    ...rollouts('policy'),
    ...rollouts('momentum'),
    verdicts,
    ...presence,
  ],
  'policy-rollout': [
    ...[policy, vote, learn, evaluate].map(queue),
    ...rollouts('policy'),
    ...presence,
  ],
  'momentum-rollout': [...[momentum, vote, learn].map(queue), ...rollouts('momentum'), ...presence],
  voter: [
    ...[vote, learn].map(queue),
    verdicts,
    // A payload that fails its checksum is removed, so reading alone is not enough.
    ...rollouts('policy'),
    ...rollouts('momentum'),
    ...presence,
  ],
  learner: [queue(learn), verdicts, '~mgrpo:*:train:*', ...presence],
  operator: [],
};

/**
 * The access list of a run's Redis (`aclfile`): one user for each role, nobody without a name.
 *
 * `credentialOf` gives `#` and the SHA-256 of the role's password, or `>` and the password.
 */
export function redisUsers(credentialOf: (role: RedisRole) => string): string {
  const users = redisRoles.map((role) => {
    const rights = role === 'operator' ? ['-@all', '+ping', '+info'] : commands;
    return ['user', role, 'on', credentialOf(role), ...keys[role], ...rights].join(' ');
  });
  const probe = 'user probe on >probe resetkeys resetchannels -@all +ping';
  return `${['user default off', ...users, probe].join('\n')}\n`;
}
