import {
  evidenceKind,
  type GroupVerdict,
  judgeQuestion,
  type Method,
  methods,
  rolloutCounts,
} from '@mgrpo/algorithm';
import type { GroupsHeader, RecordedGroup } from '../groups-format.ts';
import { outcomeOf } from '../groups-format.ts';
import { votingVerdict } from '../label-vote.ts';
import type { RuledGroup } from './measure-rule.ts';
import { type ReplayRule, viewMember } from './rules.ts';

type Algorithm = GroupsHeader['algorithm'];

/**
 * The verdicts that a rule gives on the groups of a question; the same rollouts train as did, unless its filter
 * forbids it, and wordings that labelled each other do so still.
 */
export function judgeByRule(
  question: readonly RecordedGroup[],
  algorithm: Algorithm,
  rule: ReplayRule,
): RuledGroup[] {
  const { voters, label, filter } = rule;
  const kind = methods[algorithm.method].labels.kind === 'cross-vote' ? 'cross-vote' : 'vote';
  const method: Method = {
    ...methods.mgrpo,
    counts: () => rolloutCounts(algorithm),
    filter: filter.kind,
    labels: { kind, voters, label },
  };
  const groups = question.map(({ members }) =>
    members.map((member) => viewMember(member, rule, algorithm.trajectoryEntropy)),
  );
  const verdicts = judgeQuestion({ groups, gold: null }, { ...algorithm, filter }, { method });
  return question.map((group, position) => ({
    group,
    verdict: verdicts[position]!,
    voting: votingVerdict(verdicts, position, method),
  }));
}

/**
 * Judges every group by the rule it was recorded under.
 *
 * @returns how many get another label or outcome than is recorded: none, unless the record is not of this program
 */
export function countDiffering(groups: readonly RecordedGroup[], algorithm: Algorithm): number {
  return questionsOf(groups, algorithm)
    .flatMap((question) => {
      const members = question.map((group) => group.members);
      const gold = evidenceKind(methods[algorithm.method]) === 'gold' ? question[0]!.label : null;
      const verdicts = judgeQuestion({ groups: members, gold }, algorithm);
      return verdicts.map((verdict, position) => isAsRecorded(verdict, question[position]!));
    })
    .filter((isSame) => !isSame).length;
}

/** Groups that are judged together: each alone, or the two wordings of a question. */
export function questionsOf(
  groups: readonly RecordedGroup[],
  { method }: Algorithm,
): RecordedGroup[][] {
  const size = methods[method].labels.kind === 'cross-vote' ? 2 : 1;
  return [
    ...Map.groupBy(
      groups,
      ({ iteration, prompt }) => `${iteration} ${Math.floor(prompt / size)}`,
    ).values(),
  ];
}

function isAsRecorded({ label, members }: GroupVerdict, recorded: RecordedGroup): boolean {
  const answer = label.kind === 'none' ? null : label.answer;
  return (
    answer === recorded.label &&
    members.every((member, position) => outcomeOf(member) === recorded.outcomes[position])
  );
}
