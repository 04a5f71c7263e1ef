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
const rollouts = (role: string) => [`mgrpo:*:train:*:${role}:*`, `mgrpo:*:eval:*:${role}:*`];

/**
 * Keys that each role reads and writes. A job that ends changes the queue of its parent (its dependencies, and
 * whether it waits), and one that fails fails the ancestors, so a role has its own queue and those above it.
 */
const keys: Readonly<Record<RedisRole, readonly string[]>> = {
  coordinator: [
    '~{mgrpo.*}:trees',
    ...Object.values(queueNames).map(queue),
    ...rollouts('policy').map((key) => `~${key}`),
  ],
  'policy-rollout': [
    ...[policy, vote, learn, evaluate].map(queue),
    ...rollouts('policy').map((key) => `~${key}`),
  ],
  'momentum-rollout': [
    ...[momentum, vote, learn].map(queue),
    ...rollouts('momentum').map((key) => `~${key}`),
  ],
  voter: [
    ...[vote, learn].map(queue),
    '~mgrpo:*:verdict:*',
    // A payload that fails its checksum is removed, so reading alone is not enough.
    ...[...rollouts('policy'), ...rollouts('momentum')].map((key) => `~${key}`),
  ],
  learner: [queue(learn), '~mgrpo:*:verdict:*', '~mgrpo:*:train:*'],
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
