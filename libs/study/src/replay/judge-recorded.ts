import {
  evidenceKind,
  type GroupVerdict,
  judgeGroup,
  judgeQuestion,
  type Method,
  methods,
  rolloutCounts,
} from '@mgrpo/algorithm';
import type { GroupsHeader, RecordedGroup } from '../groups-format.ts';
import { outcomeOf } from '../groups-format.ts';
import { type ReplayRule, viewMember } from './rules.ts';

type Algorithm = GroupsHeader['algorithm'];

/** The verdict that a rule gives on a recorded group; the same rollouts train as did, unless its filter forbids it. */
export function judgeByRule(
  { members }: Pick<RecordedGroup, 'members'>,
  algorithm: Algorithm,
  rule: ReplayRule,
): GroupVerdict {
  const { voters, label, filter } = rule;
  const method: Method = {
    ...methods.mgrpo,
    counts: () => rolloutCounts(algorithm),
    filter: filter.kind,
    labels: { kind: 'vote', voters, label },
  };
  const viewed = members.map((member) => viewMember(member, rule, algorithm.trajectoryEntropy));
  return judgeGroup(viewed, { ...algorithm, filter }, { method });
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

/** Groups that were judged together: each alone, or the two wordings of a question. */
function questionsOf(groups: readonly RecordedGroup[], { method }: Algorithm): RecordedGroup[][] {
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
