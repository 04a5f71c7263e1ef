export { Broadcast } from './broadcast.ts';
export { configHash, joinRun, learnerAddress, requireAddress } from './join-run.ts';
export { judgeJob, type RolloutPayload } from './judge-job.ts';
export { deviceFields, machineFingerprint, workerName } from './machine.ts';
export { bytesOf, type MemoryPlan, memoryPlan } from './memory-plan.ts';
export { feedMetrics, openWeightFeed } from './open-weight-feed.ts';
export { showPresence } from './presence.ts';
export { consumerSettings, payloadTtlSeconds, redisAddressOf } from './queue-settings.ts';
export {
  gigabytes,
  machineMemoryBytes,
  requireProcessMemory,
} from './require-memory.ts';
export {
  decodeRollouts,
  encodeRollouts,
  fromWire,
  type Rollout,
  type RolloutPart,
  toWire,
} from './rollout-codec.ts';
export { checkEngineServers } from './rollout-engine.ts';
export { startRolloutService } from './rollout-service.ts';
export { RolloutWorker, rolloutMetrics } from './rollout-worker.ts';
export { readAddresses } from './run-addresses.ts';
export { openServers } from './servers.ts';
export { type RunningService, runService, type ServiceContext } from './service-process.ts';
export { openPeerSecurity, requireProtection } from './service-security.ts';
export { type SupervisedService, Supervisor, type SupervisorEvent } from './supervisor.ts';
export { type TracedJobOptions, tracedJob } from './traced-job.ts';
export {
  runTraining,
  type TrainHooks,
  type TrainOptions,
  type TrainOutcome,
} from './train.ts';
export { trainingSequences } from './training-sequences.ts';
export { type VoteOptions, verdictToWire } from './vote-question.ts';
export { WeightFeed, type WeightFeedOptions } from './weight-feed.ts';
export { WeightPublisher } from './weight-publisher.ts';
export { requireSameConfig, weightRpc } from './weight-rpc.ts';
export { type Fit, settingsText, whatFits } from './what-fits.ts';
