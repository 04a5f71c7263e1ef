export { Consumer, type ConsumerOptions, NotYet, type ReceivedJob } from './consumer.ts';
export type { FailedAttempt, FailedJob } from './failed-job.ts';
export { freePort } from './free-port.ts';
export {
  type FoundTree,
  JobTrees,
  queuePrefix,
  type TreePlan,
  type TreeState,
} from './job-trees.ts';
export {
  type EvaluateJob,
  evaluateJobSchema,
  type LearnJob,
  learnJobSchema,
  type PayloadRef,
  parseMessage,
  payloadRefSchema,
  type QueueName,
  queueNames,
  type RolloutJob,
  rolloutJobSchema,
  type VoteJob,
  voteJobSchema,
} from './jobs.ts';
export { PayloadStore, rolloutKey, verdictKey } from './payload-store.ts';
export { livingServices, Presence, type SignOfLife } from './presence.ts';
export {
  connectRedis,
  isRedisOutage,
  type RedisAddress,
  redisReason,
  requireRedis,
} from './redis.ts';
export {
  findProgram,
  openRedis,
  type RedisServer,
  type RedisServerOptions,
} from './redis-server.ts';
export { type RedisRole, redisRoles, redisUsers } from './redis-users.ts';
