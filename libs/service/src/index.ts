export { Broadcast } from './broadcast.ts';
export { assembleGroups, type RolloutGroup } from './groups.ts';
export { configHash, joinRun, learnerAddress, requireAddress } from './join-run.ts';
export { machineFingerprint } from './machine.ts';
export { consumerSettings, payloadTtlSeconds, redisUrlOf } from './queue-settings.ts';
export {
  decodeRollouts,
  fromWire,
  type Rollout,
  type RolloutPart,
  toWire,
} from './rollout-codec.ts';
export { startRolloutService } from './rollout-service.ts';
export { openServers } from './servers.ts';
export { type RunningService, runService, type ServiceContext } from './service-process.ts';
export { type SupervisedService, Supervisor, type SupervisorEvent } from './supervisor.ts';
export { runTraining, type TrainHooks, type TrainOptions, type TrainOutcome } from './train.ts';
export { WeightFeed, type WeightFeedOptions } from './weight-feed.ts';
