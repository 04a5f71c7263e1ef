import type { GroupsHeader, RecordedStream } from '../groups-format.ts';
import { countDiffering, judgeByRule, questionsOf } from './judge-recorded.ts';
import { measureRule, type RuledGroup, type RuleMeasure } from './measure-rule.ts';
import { type ReplayRule, replayRules } from './rules.ts';

/** Parts of a run: all of it, and its thirds. */
export const phases = ['all', 'first', 'second', 'last'] as const;
export type Phase = (typeof phases)[number];

/** A rule and what it does in each part of the run. */
export interface RuleReplay
  extends Pick<ReplayRule, 'name' | 'title' | 'entropy' | 'side' | 'voters'> {
  readonly filter: ReplayRule['filter'];
  readonly measures: Readonly<Record<Phase, RuleMeasure>>;
}

/** What `mgrpo replay` finds. */
export interface ReplayResult {
  readonly title: string;
  readonly algorithm: GroupsHeader['algorithm'];
  readonly iterations: number;
  readonly groups: number;
  /** Groups that the recorded rule judges otherwise than recorded: 0, or the record is of another program. */
  readonly differing: number;
  /** Groups whose gold answer is known. */
  readonly withGold: number;
  readonly rules: readonly RuleReplay[];
}

/**
 * Judges a recorded stream by every rule: which labels and advantages each would have given *these* rollouts.
 *
 * It is no substitute for training: under another rule the policy would have moved elsewhere and sampled others.
 */
export function replayStream({ title, algorithm, groups }: RecordedStream): ReplayResult {
  const iterations = groups.reduce((last, { iteration }) => Math.max(last, iteration), 0) + 1;
  const questions = questionsOf(groups, algorithm);
  const rules = replayRules(algorithm).map((rule): RuleReplay => {
    const ruled = questions.flatMap((question) => judgeByRule(question, algorithm, rule));
    const { label: _label, ...description } = rule;
    return { ...description, measures: measuresOf(ruled, rule, iterations) };
  });
  return {
    title,
    algorithm,
    iterations,
    groups: groups.length,
    differing: countDiffering(groups, algorithm),
    withGold: groups.filter(({ gold }) => gold !== null).length,
    rules,
  };
}

function measuresOf(
  ruled: readonly RuledGroup[],
  rule: ReplayRule,
  iterations: number,
): Record<Phase, RuleMeasure> {
  const third = (part: number) =>
    ruled.filter(({ group }) => Math.floor((3 * group.iteration) / iterations) === part);
  return {
    all: measureRule(ruled, rule),
    first: measureRule(third(0), rule),
    second: measureRule(third(1), rule),
    last: measureRule(third(2), rule),
  };
}
