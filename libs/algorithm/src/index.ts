export {
  type AdapterOptions,
  type AdapterTarget,
  adapterScale,
  adapterTargets,
} from './adapter.ts';
export { type AdvantageOptions, groupAdvantages } from './advantage.ts';
export {
  type CollapseOptions,
  type CollapseReason,
  type CollapseSignals,
  type CollapseState,
  collapseReasons,
  collapseStates,
  defaultCollapseOptions,
} from './collapse-sentinel.ts';
export {
  type AgreementSignals,
  agreementSignals,
  type RoleMajorities,
  type RoleMajority,
  roleMajorities,
} from './collapse-signals.ts';
export { maxSkippedInARow } from './divergence.ts';
export { emaStep, type MomentumOptions, momentumCoefficientAt } from './ema.ts';
export {
  type Fence,
  type FilterKind,
  type FilterOptions,
  type GroupFence,
  groupFence,
  iqrFence,
  isBelowFence,
  staticFence,
} from './filter.ts';
export { compareMembers, type GroupMember, type Role } from './group.ts';
export {
  type ImportanceMetrics,
  type ImportanceOptions,
  importanceMetrics,
  type TokenImportance,
  tokenImportance,
} from './importance.ts';
export {
  type DropReason,
  type GroupSignal,
  type GroupVerdict,
  type JudgedMember,
  type JudgeOptions,
  judgeGroup,
  type MemberOutcome,
  stepTotals,
} from './judge-group.ts';
export { judgeQuestion, type SampledQuestion } from './judge-question.ts';
export { learningRateAt, type OptimizerOptions } from './learning-rate.ts';
export {
  importanceRatio,
  type KlReference,
  klEstimate,
  type LossOptions,
  type LossSequence,
  maxKlEstimate,
  maxLogRatio,
  type StepLoss,
  stepLoss,
  surrogateLoss,
} from './loss.ts';
export { type LossAggregation, type StepTotals, tokenWeight } from './loss-aggregation.ts';
export { type LossMetrics, lossMetrics } from './loss-metrics.ts';
export { type Evidence, evidenceKind, type Method } from './method.ts';
export { type MethodName, methods } from './methods.ts';
export {
  type AlgorithmOptions,
  defaultAlgorithmOptions,
  defaultEvaluationTemperature,
  defaultMaxPromptTokens,
  defaultSamplingOptions,
  filterKind,
  klReference,
  momentumSchedule,
  questionsPerIteration,
  rolloutCounts,
  stepsPerIteration,
} from './options.ts';
export { permutation, promptsOfIteration, rephrasingOf } from './prompt-order.ts';
export { quantile } from './quantile.ts';
export {
  normal,
  type RandomKey,
  type RandomPurpose,
  type RolloutStream,
  randomBelow,
  rolloutKey,
  type StreamName,
  streamKey,
  uniform,
} from './random.ts';
export { agreementReward, selfCertaintyReward } from './reward.ts';
export type { GroupOptions, RolloutCounts } from './rollout-counts.ts';
export { selfCertainty } from './self-certainty.ts';
export { type TrajectoryEntropyKind, trajectoryEntropy } from './trajectory-entropy.ts';
export { majorityVote, type PseudoLabel } from './vote.ts';
