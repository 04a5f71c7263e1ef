import { type CollapseReason, type CollapseState, collapseReasons } from '@mgrpo/algorithm';
import type { MetricsRecord } from '@mgrpo/checkpoint';

/** Where the wall time of an iteration went (s). */
interface PhaseSeconds {
  readonly total: number;
  readonly generate: number;
  readonly vote: number;
  readonly learn: number;
  readonly other: number;
}

/** One applied iteration, as people look at it; null where there was nothing to average. */
export interface IterationView {
  readonly iteration: number;
  readonly reward: number | null;
  readonly voteShare: number | null;
  /** Share of the most common label among the groups: 1 when every prompt gets the same answer. */
  readonly topLabelShare: number | null;
  /** Share of pairs of prompts with the same majority answer. */
  readonly labelCollision: number | null;
  /** Share of prompts where the majorities of policy and momentum model differ. */
  readonly disagreement: number | null;
  /** The run after this iteration, as the sentinel saw it. */
  readonly collapse: CollapseState;
  readonly entropy: { readonly policy: number | null; readonly momentum: number | null };
  readonly responseTokens: number | null;
  /** Rollouts dropped, by reason, both roles together. */
  readonly dropped: ReadonlyMap<string, number>;
  readonly loss: number | null;
  readonly kl: number | null;
  readonly gradientNorm: number | null;
  /** Optimiser steps in a row, up to here, that were not made because loss or gradient was not finite. */
  readonly skippedInARow: number;
  readonly seconds: PhaseSeconds;
  /** Of the policy after the iteration. */
  readonly policySha256: string | null;
}

/** Accuracy of one weight version on the validation prompts. */
interface EvaluationView {
  /** Iterations applied before it. */
  readonly version: number;
  readonly greedy: number | null;
  /** At the configured temperature; null when that is 0. */
  readonly sampled: { readonly temperature: number; readonly accuracy: number } | null;
}

/** The metrics of a run in the order of time. */
export interface TrainingLog {
  readonly iterations: readonly IterationView[];
  readonly evaluations: readonly EvaluationView[];
}

/** What `metrics.jsonl` says about the course of a run. */
export function readLog(records: readonly MetricsRecord[]): TrainingLog {
  const iterations: IterationView[] = [];
  const evaluations: EvaluationView[] = [];
  for (const record of records) {
    if (record.kind === 'iteration') iterations.push(iterationView(record));
    else evaluations.push(evaluationView(record));
  }
  iterations.sort((a, b) => a.iteration - b.iteration);
  evaluations.sort((a, b) => a.version - b.version);
  return { iterations, evaluations };
}

function iterationView(record: MetricsRecord & { kind: 'iteration' }): IterationView {
  const [entropy, dropped] = [section(record.entropy), section(record.dropped)];
  const [step, seconds] = [section(record.step), section(record.seconds)];
  return {
    iteration: record.iteration,
    reward: number(record.reward),
    voteShare: number(record.voteShare),
    topLabelShare: number(record.topLabelShare),
    labelCollision: number(record.labelCollision),
    disagreement: number(record.disagreement),
    collapse: collapseState(section(record.collapse)),
    entropy: { policy: number(entropy.policy), momentum: number(entropy.momentum) },
    responseTokens: number(record.responseTokens),
    dropped: droppedByReason(section(dropped.policy), section(dropped.momentum)),
    loss: number(step.loss),
    kl: number(step.kl),
    gradientNorm: number(step.gradientNorm),
    skippedInARow: number(record.skippedInARow) ?? 0,
    seconds: {
      total: number(seconds.total) ?? 0,
      generate: number(seconds.generate) ?? 0,
      vote: number(seconds.vote) ?? 0,
      learn: number(seconds.learn) ?? 0,
      other: number(seconds.other) ?? 0,
    },
    policySha256: typeof record.policySha256 === 'string' ? record.policySha256 : null,
  };
}

function collapseState({ kind, since, reasons }: Readonly<Record<string, unknown>>): CollapseState {
  if (kind !== 'suspected' || typeof since !== 'number') return { kind: 'healthy' };
  const known = (Array.isArray(reasons) ? reasons : []).filter((reason): reason is CollapseReason =>
    collapseReasons.includes(reason),
  );
  return { kind: 'suspected', since, reasons: known };
}

function evaluationView(record: MetricsRecord & { kind: 'evaluation' }): EvaluationView {
  const passes = (Array.isArray(record.passes) ? record.passes : []).map((pass: unknown) => {
    const { temperature, accuracy } = section(pass);
    return { temperature: number(temperature) ?? 0, accuracy: number(accuracy) ?? 0 };
  });
  return {
    version: record.version,
    greedy: passes.find((pass) => pass.temperature === 0)?.accuracy ?? null,
    sampled: passes.find((pass) => pass.temperature > 0) ?? null,
  };
}

function droppedByReason(
  ...roles: readonly Readonly<Record<string, unknown>>[]
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [reason, count] of roles.flatMap(Object.entries)) {
    counts.set(reason, (counts.get(reason) ?? 0) + (number(count) ?? 0));
  }
  return counts;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function section(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
