import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Registry } from 'prom-client';

/** What a metric is, before a registry holds it. Label values come from closed sets only. */
interface Definition<K extends 'counter' | 'gauge' | 'histogram', L extends string> {
  readonly kind: K;
  /** `mgrpo_<noun>_<unit>`, counters with `_total` at the end. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  readonly buckets?: readonly number[];
}

function define<K extends 'counter' | 'gauge' | 'histogram', const L extends string = never>(
  kind: K,
  [name, help, labels = [], buckets]: readonly [
    string,
    string,
    (readonly L[])?,
    (readonly number[])?,
  ],
): Definition<K, L> {
  return { kind, name, help, labels, ...(buckets ? { buckets } : {}) };
}

/** Durations of jobs and phases, from a tenth of the default recipe's iteration to an hour (s). */
const seconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600];

/** Every metric of the project. Labels: `role` policy | momentum; others beside each. */
export const metricDefinitions = {
  rollouts: define('counter', ['mgrpo_rollouts_total', 'Rollouts generated', ['role']]),
  responseTokens: define('counter', ['mgrpo_response_tokens_total', 'Tokens sampled', ['role']]),
  /** reason: a `DropReason` of the algorithm. */
  droppedRollouts: define('counter', [
    'mgrpo_dropped_rollouts_total',
    'Rollouts that neither voted nor trained',
    ['role', 'reason'],
  ]),
  droppedGroups: define('counter', [
    'mgrpo_dropped_groups_total',
    'Groups that trained nothing',
    ['reason'],
  ]),
  /** reason: a `RefusalReason` of the answers. */
  refusedAnswers: define('counter', [
    'mgrpo_refused_answers_total',
    'Answers compared as they stand: too long, too deep or too much work to read',
    ['reason'],
  ]),
  voteShare: define('gauge', ['mgrpo_vote_share_ratio', 'Share of the pseudo-label among votes']),
  reward: define('gauge', ['mgrpo_reward_mean_ratio', 'Mean reward of the last iteration']),
  entropy: define('gauge', [
    'mgrpo_trajectory_entropy_nats',
    'Mean trajectory entropy of the last iteration',
    ['role'],
  ]),
  /** pass: greedy | sampled. */
  validationAccuracy: define('gauge', [
    'mgrpo_validation_accuracy_ratio',
    'Accuracy of the last evaluation',
    ['pass'],
  ]),
  selfAgreement: define('gauge', [
    'mgrpo_self_agreement_ratio',
    "Share of the policy's majority answer, mean of the last iteration's prompts",
  ]),
  labelCollision: define('gauge', [
    'mgrpo_label_collision_ratio',
    'Share of pairs of prompts with the same majority answer',
  ]),
  roleDisagreement: define('gauge', [
    'mgrpo_role_disagreement_ratio',
    'Share of prompts where the majorities of policy and momentum model differ',
  ]),
  responseLength: define('gauge', [
    'mgrpo_response_length_tokens',
    'Mean length of policy responses in the last iteration',
  ]),
  /** reason: a `CollapseReason` of the algorithm. 1 while the run is suspected for it. */
  collapseSuspected: define('gauge', [
    'mgrpo_collapse_suspected_ratio',
    '1 while this sign makes the run look as if it collapsed, else 0',
    ['reason'],
  ]),
  loss: define('gauge', ['mgrpo_loss_nats', 'Loss of the last step']),
  kl: define('gauge', ['mgrpo_kl_nats', 'KL estimate to the reference at the last step']),
  gradientNorm: define('gauge', ['mgrpo_gradient_norm_l2', 'Global gradient norm before clipping']),
  iterations: define('counter', ['mgrpo_iterations_total', 'Iterations applied']),
  iterationsWithoutSignal: define('counter', [
    'mgrpo_iterations_without_signal_total',
    'Iterations whose advantages were all zero: the optimiser was skipped',
  ]),
  /** phase: generate | vote | learn | other. */
  iterationSeconds: define('histogram', [
    'mgrpo_iteration_seconds',
    'Wall time of an iteration by phase',
    ['phase'],
    seconds,
  ]),
  /** The gauge that scales rollout workers. state: waiting | active. */
  pendingJobs: define('gauge', [
    'mgrpo_pending_rollout_jobs',
    'Rollout jobs not yet done',
    ['role', 'state'],
  ]),
  rebuilds: define('counter', [
    'mgrpo_flow_rebuilds_total',
    'Iterations whose jobs were built anew',
  ]),
  weightVersion: define('gauge', [
    'mgrpo_weights_version',
    'Newest weight version published or received',
    ['role'],
  ]),
} as const;

type Definitions = typeof metricDefinitions;
export type MetricName = keyof Definitions;

type Instrument<D> =
  D extends Definition<infer K, infer L>
    ? K extends 'counter'
      ? Counter<L>
      : K extends 'gauge'
        ? Gauge<L>
        : Histogram<L>
    : never;

export type Metrics<N extends MetricName> = { readonly [K in N]: Instrument<Definitions[K]> };

/**
 * Registers the metrics that a service has a value for, so that it exports no gauge it never sets.
 *
 * @example const metrics = createMetrics(registry, ['rollouts']); metrics.rollouts.inc({ role: 'policy' })
 */
export function createMetrics<const N extends MetricName>(
  registry: Registry,
  names: readonly N[],
): Metrics<N> {
  const entries = names.map((name) => [name, instrument(metricDefinitions[name], registry)]);
  return Object.fromEntries(entries) as Metrics<N>;
}

function instrument(
  definition: Definition<'counter' | 'gauge' | 'histogram', string>,
  registry: Registry,
): Counter | Gauge | Histogram {
  const { kind, name, help, labels: labelNames, buckets } = definition;
  const options = { name, help, labelNames, registers: [registry] };
  if (kind === 'counter') return new Counter(options);
  if (kind === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, ...(buckets ? { buckets: [...buckets] } : {}) });
}

/** A registry with the default metrics of the process (memory, CPU, event loop lag, garbage collection). */
export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
