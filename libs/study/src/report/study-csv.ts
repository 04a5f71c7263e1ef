import type { StudyResult } from '../study-result.ts';
import { trialPath } from '../trial-file.ts';
import type { Trial, TrialStart } from '../trial-record.ts';
import { summarizeTrial } from './trial-summary.ts';

type Field = string | number | null | undefined;

/** One row for each trial: `trials.csv`. */
export function trialsCsv({ trials }: StudyResult): string {
  return csv(
    trials.map((trial) => {
      const { start, end, evaluations } = trial;
      const { measures, bestIteration, fallIteration } = summarizeTrial(trial);
      const base = evaluations[0]!;
      return {
        ...nameOf(start),
        iterations: start.iterations,
        policy_rollouts: start.rollouts.policy,
        momentum_rollouts: start.rollouts.momentum,
        trained_rollouts: start.rollouts.trained,
        base_greedy: base.greedy.accuracy,
        base_sampled: base.sampled.accuracy,
        base_entropy: base.sampled.entropy,
        best: measures.best,
        best_iteration: bestIteration,
        final: measures.final,
        final_minus_best: measures.finalMinusBest,
        fall_iteration: fallIteration,
        final_sampled: measures.sampled,
        final_pass_at_k: measures.passAtK,
        entropy_matched: measures.matched,
        entropy_matched_temperature: end.matched.temperature,
        entropy_matched_entropy: end.matched.entropy,
        entropy_matched_minus_base: measures.matchedGain,
        reward_at_end: measures.selfReward,
        final_entropy: measures.entropy,
        seconds: end.seconds,
        weights_sha256: end.weightsSha256,
        configuration_sha256: start.sha256,
        file: trialPath(start).replaceAll('\\', '/'),
      };
    }),
  );
}

/** One row for each trial and number of iterations applied, at full resolution: `curves.csv`. */
export function curvesCsv({ trials }: StudyResult): string {
  return csv(trials.flatMap(curveRows));
}

function curveRows({ start, iterations, evaluations }: Trial): Record<string, Field>[] {
  return Array.from({ length: iterations.length + 1 }, (_, applied) => {
    const iteration = iterations[applied - 1];
    const evaluation = evaluations.find((one) => one.iteration === applied);
    const { low } = iteration ?? {};
    const flips = evaluation?.flips;
    return {
      ...nameOf(start),
      iterations_applied: applied,
      reward: iteration?.reward,
      label_accuracy: iteration?.labelAccuracy,
      rollout_accuracy: iteration?.accuracy,
      vote_share: iteration?.voteShare,
      top_label_share: iteration?.topLabelShare,
      self_agreement: iteration?.selfAgreement,
      label_collision: iteration?.labelCollision,
      disagreement: iteration?.disagreement,
      policy_entropy: iteration?.entropy.policy,
      momentum_entropy: iteration?.entropy.momentum,
      response_tokens: iteration?.responseTokens,
      gradient_norm: iteration?.gradientNorm,
      kl: iteration?.kl,
      low_policy_share: low?.policyShare,
      low_momentum_share: low?.momentumShare,
      low_count: low?.count,
      low_right: low?.right,
      others_count: low?.others,
      others_right: low?.othersRight,
      low_for_label: low?.forLabel,
      labels_flipped: low?.flipped,
      labels_flipped_to_right: low?.flippedToRight,
      labels_flipped_right_to_wrong: low?.flippedToWrong,
      greedy_accuracy: evaluation?.greedy.accuracy,
      sampled_accuracy: evaluation?.sampled.accuracy,
      sampled_entropy: evaluation?.sampled.entropy,
      since_base_kept_right: flips?.sinceBase.keptRight,
      since_base_lost_right: flips?.sinceBase.lostRight,
      since_base_won_right: flips?.sinceBase.wonRight,
      since_base_changed_wrong: flips?.sinceBase.changedWrong,
      since_base_kept_wrong: flips?.sinceBase.keptWrong,
      since_last_lost_right: flips?.sinceLast.lostRight,
      since_last_won_right: flips?.sinceLast.wonRight,
    };
  });
}

function nameOf({ base, arm, seed, purpose }: TrialStart) {
  return { base, arm, seed, purpose };
}

/** RFC 4180: a header, fields in quotes where they need them, lines that end in CR LF. */
export function csv(rows: readonly Readonly<Record<string, Field>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => names.map((name) => quoted(row[name])).join());
  return [names.join(), ...lines].map((line) => `${line}\r\n`).join('');
}

function quoted(field: Field): string {
  const isMissing = field === null || field === undefined || Number.isNaN(field);
  const text = isMissing ? '' : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
