/** Values that each label of a metric may take: closed sets only, so that no input can make series without end. */
export type LabelSets = Readonly<Record<string, readonly string[]>>;

export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** The services that a metric can come from, as the label `service` has them. */
export const serviceNames = [
  'coordinator',
  'policy-rollout',
  'momentum-rollout',
  'voter',
  'learner',
  'weight-relay',
] as const;

type ServiceName = (typeof serviceNames)[number];

/** What a metric is, before a registry holds it. */
export interface MetricDefinition<
  K extends MetricKind = MetricKind,
  L extends LabelSets = LabelSets,
> {
  readonly kind: K;
  /** `mgrpo_<noun>[_<unit>]`, counters with `_total` at the end; without a unit where it counts or is 0 or 1. */
  readonly name: string;
  readonly help: string;
  readonly services: readonly ServiceName[];
  readonly labels: L;
  readonly buckets: readonly number[];
}

/** A maker of definitions of one kind, as they come from some services. */
function define<K extends MetricKind>(kind: K, services: readonly ServiceName[]) {
  return <const L extends LabelSets = Readonly<Record<never, never>>>(
    name: string,
    help: string,
    labels: L = {} as L,
    buckets: readonly number[] = [],
  ): MetricDefinition<K, L> => ({ kind, name, help, services, labels, buckets });
}

const workers = ['policy-rollout', 'momentum-rollout'] as const;
const ofWorkers = { counter: define('counter', workers), gauge: define('gauge', workers) };
const ofVoter = {
  counter: define('counter', ['voter']),
  histogram: define('histogram', ['voter']),
};
const ofLearner = {
  counter: define('counter', ['learner']),
  gauge: define('gauge', ['learner']),
  histogram: define('histogram', ['learner']),
};
const ofCoordinator = {
  counter: define('counter', ['coordinator']),
  gauge: define('gauge', ['coordinator']),
};
const ofAll = { counter: define('counter', serviceNames) };
const ofRelay = { gauge: define('gauge', ['weight-relay']) };
const ofWeights = define('gauge', [...workers, 'learner', 'weight-relay']);
const ofTransfers = {
  counter: define('counter', [...workers, 'learner', 'weight-relay']),
  histogram: define('histogram', [...workers, 'learner', 'weight-relay']),
};
const ofSubscribers = define('counter', [...workers, 'weight-relay']);

const role = ['policy', 'momentum'] as const;
const pass = ['greedy', 'sampled'] as const;
const direction = ['sent', 'received'] as const;

/** Durations of jobs and phases, from a tenth of the default recipe's iteration to an hour (s). */
const seconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600];

/** Every metric of the project, in the order of the page; a metric comes from the services beside it. */
export const metricDefinitions = {
  // The run, as the coordinator sees it.
  runPhase: ofCoordinator.gauge('mgrpo_run_phase', '1 for the phase that the run is in, else 0', {
    phase: [
      'starting',
      'running',
      'evaluating',
      'paused',
      'stopping',
      'finished',
      'halted',
      'failed',
    ],
  }),
  runIterations: ofCoordinator.gauge('mgrpo_run_iterations', 'Iterations of the run', {
    state: ['applied', 'planned'],
  }),
  runProgress: ofCoordinator.gauge(
    'mgrpo_run_progress_timestamp_seconds',
    'When the run last came forward: an iteration applied or an evaluation recorded',
  ),
  runInterval: ofCoordinator.gauge(
    'mgrpo_run_interval_seconds',
    'The longest of the last ten times between two signs of progress',
  ),
  learnerConnected: ofCoordinator.gauge(
    'mgrpo_learner_connected',
    '1 while the coordinator hears the learner, else 0',
  ),
  rebuilds: ofCoordinator.counter(
    'mgrpo_flow_rebuilds_total',
    'Iterations and evaluations whose jobs were built anew',
  ),
  // The queue: what rollout workers are scaled by. At zero replicas they could not export it themselves.
  backlog: ofCoordinator.gauge(
    'mgrpo_rollout_backlog_jobs',
    'Rollout jobs waiting or active: the mean over this iteration and the two before it; what scalers look at',
    { role },
  ),
  pendingJobs: ofCoordinator.gauge('mgrpo_pending_rollout_jobs', 'Rollout jobs not done now', {
    role,
    state: ['waiting', 'active'],
  }),
  redisUsedBytes: ofCoordinator.gauge('mgrpo_redis_used_bytes', 'Memory that Redis uses'),
  redisMaxBytes: ofCoordinator.gauge(
    'mgrpo_redis_max_bytes',
    "Redis's maxmemory, or its machine's memory where it has no limit",
  ),
  // Rollouts.
  rollouts: ofWorkers.counter('mgrpo_rollouts_total', 'Rollouts generated', { role }),
  responseTokens: ofWorkers.counter('mgrpo_response_tokens_total', 'Tokens sampled', { role }),
  activeRollouts: ofWorkers.gauge('mgrpo_active_rollouts', 'Rollouts in hand, waiting ones too', {
    role,
  }),
  engineSlots: ofWorkers.gauge('mgrpo_engine_slots', 'Rollouts that the engine decodes at once', {
    role,
  }),
  engineBusy: ofWorkers.counter(
    'mgrpo_engine_busy_seconds_total',
    'Time that the engine has worked, brought up to date with each weight version',
    { role },
  ),
  engineCache: ofWorkers.gauge('mgrpo_engine_cache_bytes', 'Key and value caches of the engine', {
    role,
  }),
  engineRetries: ofWorkers.counter(
    'mgrpo_engine_retries_total',
    'Requests to servers of another engine that were tried again, brought up to date with each weight version',
    { role },
  ),
  engineStale: ofWorkers.counter(
    'mgrpo_engine_stale_total',
    'Times that a server of another engine had other weights than it should, as its answer to the probe told',
    { role },
  ),
  entropyIsEstimate: ofWorkers.gauge(
    'mgrpo_entropy_is_estimate',
    "1 where entropies are lower bounds from a server's top-k logprobs, 0 where they are of the whole vocabulary",
    { role },
  ),
  // Votes.
  groups: ofVoter.counter('mgrpo_groups_total', 'Groups judged'),
  groupSeconds: ofVoter.histogram(
    'mgrpo_group_seconds',
    "From adding a question's jobs to its verdict",
    {},
    seconds,
  ),
  droppedRollouts: ofVoter.counter(
    'mgrpo_dropped_rollouts_total',
    'Rollouts that neither voted nor trained',
    { role, reason: ['low-entropy', 'no-answer', 'no-label'] },
  ),
  droppedGroups: ofVoter.counter('mgrpo_dropped_groups_total', 'Groups that trained nothing', {
    reason: ['no-label', 'too-few-rollouts', 'equal-rewards'],
  }),
  refusedAnswers: ofVoter.counter(
    'mgrpo_refused_answers_total',
    'Answers compared as they stand: too long, too deep or too much work to read',
    { reason: ['too-long', 'brackets', 'too-much-work', 'unstable'] },
  ),
  // The last iteration, as the learner recorded it.
  voteShare: ofLearner.gauge(
    'mgrpo_vote_share_ratio',
    "Share of the pseudo-label among a group's votes, mean over groups",
  ),
  groupAnswers: ofLearner.gauge(
    'mgrpo_group_answers',
    "Distinct answers among a group's votes, mean over groups",
  ),
  topLabel: ofLearner.gauge(
    'mgrpo_top_label_ratio',
    'Share of prompts whose label is the most frequent one; 1 when all have the same',
  ),
  selfAgreement: ofLearner.gauge(
    'mgrpo_self_agreement_ratio',
    "Share of the policy's majority answer, mean over prompts",
  ),
  labelCollision: ofLearner.gauge(
    'mgrpo_label_collision_ratio',
    'Share of pairs of prompts with the same majority answer',
  ),
  roleDisagreement: ofLearner.gauge(
    'mgrpo_role_disagreement_ratio',
    'Share of prompts where the majorities of policy and momentum model differ',
  ),
  entropy: ofLearner.gauge('mgrpo_trajectory_entropy_nats', 'Mean trajectory entropy', { role }),
  fence: ofLearner.gauge(
    'mgrpo_entropy_fence_nats',
    'Trajectory entropy below which rollouts are dropped, mean over groups',
  ),
  responseLength: ofLearner.gauge(
    'mgrpo_response_length_tokens',
    'Mean length of policy responses',
  ),
  truncated: ofLearner.gauge(
    'mgrpo_truncated_ratio',
    'Share of policy responses cut at the longest length allowed',
  ),
  collapseSuspected: ofLearner.gauge(
    'mgrpo_collapse_suspected_ratio',
    '1 while this sign makes the run look as if it collapsed, else 0',
    {
      reason: [
        'same-answer',
        'roles-disagree',
        'agreement-falls',
        'labels-conflict',
        'entropy-rises',
        'responses-shrink',
      ],
    },
  ),
  validationAccuracy: ofLearner.gauge(
    'mgrpo_validation_accuracy_ratio',
    'Accuracy of the last evaluation',
    { pass },
  ),
  // Training.
  reward: ofLearner.gauge('mgrpo_reward_mean_ratio', 'Mean reward of policy rollouts'),
  advantage: ofLearner.gauge(
    'mgrpo_advantage_magnitude_ratio',
    'Mean absolute advantage of the rollouts that train; 0 without signal',
  ),
  loss: ofLearner.gauge('mgrpo_loss_nats', 'Loss of the last step'),
  kl: ofLearner.gauge('mgrpo_kl_nats', 'KL estimate to the reference at the last step'),
  clipped: ofLearner.gauge(
    'mgrpo_clipped_tokens_ratio',
    'Share of tokens whose gradient the clip removes',
  ),
  logprobGap: ofLearner.gauge(
    'mgrpo_logprob_gap_nats',
    "Mean distance of the learner's from the behaviour logprobs: rounding on-policy, more with lag or stale weights",
  ),
  logprobGapMax: ofLearner.gauge(
    'mgrpo_logprob_gap_max',
    'Largest distance of a token in the last step: on-policy in float32 under 1e-4',
  ),
  gradientNorm: ofLearner.gauge('mgrpo_gradient_norm_l2', 'Global gradient norm before clipping'),
  lossScale: ofLearner.gauge(
    'mgrpo_loss_scale',
    'By what the loss of the next step is multiplied in float16 (learner.compute); 0 in float32',
  ),
  learningRate: ofLearner.gauge('mgrpo_learning_rate', 'Learning rate of the last step'),
  momentumCoefficient: ofLearner.gauge(
    'mgrpo_momentum_coefficient',
    'Share of itself that the momentum model kept at the last step (m of the EMA)',
  ),
  iterations: ofLearner.counter(
    'mgrpo_iterations_total',
    'Iterations applied by this process, replayed ones too',
  ),
  iterationsWithoutSignal: ofLearner.counter(
    'mgrpo_iterations_without_signal_total',
    'Iterations whose advantages were all zero: the optimiser was skipped',
  ),
  skippedSteps: ofLearner.counter(
    'mgrpo_skipped_steps_total',
    'Optimiser steps not made because loss or gradient was NaN or infinite; with loss-scale the scale of float16 was too large and is halved, which is no fault',
    { reason: ['loss', 'gradient', 'loss-scale'] },
  ),
  iterationSeconds: ofLearner.histogram(
    'mgrpo_iteration_seconds',
    'Wall time of an iteration by phase',
    { phase: ['generate', 'vote', 'learn', 'other'] },
    seconds,
  ),
  stepSeconds: ofLearner.histogram(
    'mgrpo_step_seconds',
    "Time of an iteration's training by phase: KL reference, gradients, AdamW and EMA",
    { phase: ['reference', 'gradients', 'update'] },
    seconds,
  ),
  // Weights and checkpoints.
  weightVersion: ofWeights('mgrpo_weights_version', 'Newest weight version published or received', {
    role,
  }),
  lag: ofLearner.gauge(
    'mgrpo_lag_iterations',
    'Iterations by which generation may run ahead of learning (option lag)',
  ),
  weightBytes: ofTransfers.counter('mgrpo_weights_bytes_total', 'Bytes of weights transferred', {
    role,
    direction,
  }),
  weightSeconds: ofTransfers.histogram(
    'mgrpo_weights_seconds',
    'Time of the transfer of one weight version',
    { role, direction },
    seconds,
  ),
  weightSourceSwitches: ofSubscribers(
    'mgrpo_weights_source_switches_total',
    'Changes of the source that weights come from, by why: the one before was away, stale, corrupt or refused, or a better one is back',
    { role, reason: ['away', 'stale', 'corrupt', 'refused', 'returned'] },
  ),
  relayChildren: ofRelay.gauge('mgrpo_relay_subscribers', 'Subscriptions open at a weight relay', {
    role,
  }),
  relayVersions: ofRelay.gauge(
    'mgrpo_relay_weight_versions',
    'Whole weight versions that a relay holds',
    { role },
  ),
  checkpointTimestamp: ofLearner.gauge(
    'mgrpo_checkpoint_timestamp_seconds',
    'When the newest checkpoint was written; when the learner started, as long as there is none',
  ),
  checkpointVersion: ofLearner.gauge(
    'mgrpo_checkpoint_version',
    'Weight version of the newest checkpoint',
  ),
  storeBytes: ofLearner.counter(
    'mgrpo_store_uploaded_bytes_total',
    'Bytes of checkpoints, journal and metrics that the store (deployment.store.url) has taken',
  ),
  storeFailures: ofLearner.counter(
    'mgrpo_store_failures_total',
    'Uploads to the store that failed, each after the tries of its requests; they are tried again',
  ),
  storeTimestamp: ofLearner.gauge(
    'mgrpo_store_timestamp_seconds',
    'When the store last got a state of the run whole; when the learner started, as long as it has not; 0 without a store',
  ),
  storeVersion: ofLearner.gauge(
    'mgrpo_store_version',
    'Weight version of the newest checkpoint that this learner has brought to the store',
  ),
  deniedCalls: ofAll.counter(
    'mgrpo_denied_calls_total',
    'Calls and reads of /metrics that were refused, by whether the caller was unknown or not allowed',
    { reason: ['unauthenticated', 'permission-denied'] },
  ),
  learnerEpoch: ofLearner.gauge(
    'mgrpo_learner_epoch',
    "The learner's epoch: how often a learner was started for this run",
  ),
  // Tracing.
  droppedSpans: ofAll.counter(
    'mgrpo_dropped_spans_total',
    'Spans that did not reach the receiver of traces; 0 where tracing is off',
    { reason: ['queue-full', 'not-sent'] },
  ),
} as const;

export type MetricName = keyof typeof metricDefinitions;
