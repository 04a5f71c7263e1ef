import {
  type FilterKind,
  type FilterOptions,
  filterKind,
  type GroupMember,
  type MethodName,
  majorityVote,
  methods,
  rolloutCounts,
} from '@mgrpo/algorithm';
import type { GroupsHeader } from '../groups-format.ts';
import { type LabelVote, voteOf } from '../label-vote.ts';

type Algorithm = GroupsHeader['algorithm'];

/** How the entropy that a filter looks at follows from the recorded one. */
type EntropyView = 'recorded' | 'mean' | 'sum';

/** One way to filter a recorded group and to vote on it. */
export interface ReplayRule extends LabelVote {
  /** For files: `iqr-0.75`, `votes-momentum`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly filter: FilterOptions & { readonly kind: FilterKind };
  readonly entropy: EntropyView;
  /** `high` drops what lies above the mirrored fence: a contrast, not a method. */
  readonly side: 'low' | 'high';
}

/** Interquartile ranges from the first quartile down to the fence. */
const multiples = [0, 0.25, 0.5, 0.75, 1, 1.5] as const;

/**
 * The rules that a stream is replayed under: every filter with the recorded vote, then every choice of voters
 * without a filter and behind the paper's.
 */
export function replayRules(algorithm: Algorithm): readonly ReplayRule[] {
  const base = { ...algorithm.filter, kind: filterKind(algorithm) };
  const common = { entropy: 'recorded', side: 'low', ...recordedVote(algorithm.method) } as const;
  const paper = {
    ...base,
    kind: 'iqr',
    k: 0.75,
    fence: 'pooled',
    scope: 'vote-and-train',
  } as const;
  const off = { ...base, kind: 'off' } as const;
  const hasMomentum = rolloutCounts(algorithm).momentum > 0;
  const lowest = { ...paper, kind: 'static', share: 0.1 } as const;
  const other = algorithm.trajectoryEntropy === 'mean' ? 'sum' : 'mean';
  const filters: readonly (Partial<ReplayRule> & Pick<ReplayRule, 'name' | 'title'>)[] = [
    { name: 'off', title: 'no filter', filter: off },
    ...multiples.map((k) => ({ name: `iqr-${k}`, title: `IQR, k ${k}`, filter: { ...paper, k } })),
    {
      name: 'iqr-0.75-vote-only',
      title: 'IQR, vote only',
      filter: { ...paper, scope: 'vote-only' },
    },
    ...(hasMomentum
      ? [
          {
            name: 'iqr-0.75-per-role',
            title: 'IQR, per role',
            filter: { ...paper, fence: 'per-role' as const },
          },
        ]
      : []),
    { name: `iqr-0.75-${other}`, title: `IQR, ${other} of token entropies`, entropy: other },
    { name: 'iqr-0.75-high', title: 'IQR, high entropy', side: 'high' },
    { name: 'static-0.1', title: 'lowest 10 %', filter: lowest },
    { name: 'static-0.1-high', title: 'highest 10 %', side: 'high', filter: lowest },
  ];
  return [
    ...filters.map((rule) => ({ filter: paper, ...common, ...rule })),
    ...(hasMomentum ? voteRules(algorithm, common, { off, paper }) : []),
  ];
}

function voteRules(
  algorithm: Algorithm,
  common: Pick<ReplayRule, 'entropy' | 'side' | 'label'>,
  { off, paper }: { readonly off: ReplayRule['filter']; readonly paper: ReplayRule['filter'] },
): ReplayRule[] {
  const { policy, momentum } = rolloutCounts(algorithm);
  const both = ['policy', 'momentum'] as const;
  const choices = [
    ...both.map((role) => ({ name: role, title: `${role} alone votes`, voters: [role] })),
    { name: 'both', title: 'both vote', voters: both },
    ...(policy === momentum
      ? []
      : [
          {
            name: 'halves',
            title: 'both vote, half each',
            voters: both,
            label: recordedVote('balanced-vote').label,
          },
        ]),
  ] as const;
  return [
    { filter: off, suffix: '', words: '' },
    { filter: paper, suffix: '-iqr-0.75', words: ', IQR' },
  ].flatMap(({ filter, suffix, words }) =>
    choices.map(({ name, title, ...choice }) => ({
      ...common,
      label: majorityVote,
      ...choice,
      name: `votes-${name}${suffix}`,
      title: title + words,
      filter,
    })),
  );
}

/** The vote that a method takes; the policy's majority where it takes none. */
function recordedVote(method: MethodName): LabelVote {
  return voteOf(methods[method]) ?? { voters: ['policy'], label: majorityVote };
}

/** A rollout as a rule's filter sees it. */
export function viewMember(
  member: GroupMember,
  { entropy, side }: Pick<ReplayRule, 'entropy' | 'side'>,
  recorded: Algorithm['trajectoryEntropy'],
): GroupMember {
  const viewed = { recorded, mean: 'mean', sum: 'sum' }[entropy];
  const factor =
    viewed === recorded ? 1 : viewed === 'sum' ? member.numTokens : 1 / member.numTokens;
  // Mirrored, the lower fence of Q1 is the upper one of Q3.
  return { ...member, entropy: (side === 'high' ? -1 : 1) * factor * member.entropy };
}
