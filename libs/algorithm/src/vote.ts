import { compareMembers, type GroupMember, type Role } from './group.ts';

/** What a group is trained towards, or why there is nothing. `gold` is no pseudo-label: the prompts file has it. */
export type PseudoLabel =
  | {
      readonly kind: 'majority';
      /** The canonical answer y_v. */
      readonly answer: string;
      /** Votes for it. */
      readonly votes: number;
      /** `votes / numVotes`. */
      readonly share: number;
      /** Votes cast. */
      readonly numVotes: number;
      /** Distinct answers among them. */
      readonly numAnswers: number;
    }
  | { readonly kind: 'gold'; readonly answer: string }
  /** Nobody who may vote had an answer, or the method takes no vote. */
  | { readonly kind: 'none'; readonly reason: 'no-votes' | 'no-vote-taken' };

interface Tally {
  readonly answer: string;
  readonly earliest: GroupMember;
  readonly votes: Readonly<Record<Role, number>>;
}

/** How often each vote of a role counts. */
export type VoteWeights = Readonly<Record<Role, number>>;

const equalWeights: VoteWeights = { policy: 1, momentum: 1 };

function compareTallies(a: Tally, b: Tally, weights: VoteWeights): number {
  const weightOf = ({ votes }: Tally) =>
    votes.policy * weights.policy + votes.momentum * weights.momentum;
  return (
    weightOf(b) - weightOf(a) ||
    b.votes.momentum - a.votes.momentum ||
    compareMembers(a.earliest, b.earliest)
  );
}

/**
 * The pseudo-label y_v by majority vote (section 2.1 of the paper; Algorithm 1, line 13).
 *
 * The paper's argmax leaves ties open. Here the answer with more momentum votes wins, then the answer
 * of the earliest rollout (policy before momentum, by index): no order of arrival can change it.
 *
 * @param voters rollouts that may vote, in any order; those without an answer are not counted
 * @param weights whole numbers, so that equal sums are ties; the label's counts are of votes without them
 */
export function majorityVote(
  voters: readonly GroupMember[],
  weights: VoteWeights = equalWeights,
): PseudoLabel {
  const tallies = new Map<string, Tally>();
  let numVotes = 0;
  for (const voter of voters) {
    if (voter.answer === null) continue;
    numVotes += 1;
    const before = tallies.get(voter.answer);
    const isEarlier = before === undefined || compareMembers(voter, before.earliest) < 0;
    const votes = before?.votes ?? { policy: 0, momentum: 0 };
    tallies.set(voter.answer, {
      answer: voter.answer,
      earliest: isEarlier ? voter : before.earliest,
      votes: { ...votes, [voter.role]: votes[voter.role] + 1 },
    });
  }
  const winner = [...tallies.values()].sort((a, b) => compareTallies(a, b, weights))[0];
  if (winner === undefined) return { kind: 'none', reason: 'no-votes' };
  const { answer } = winner;
  const votes = winner.votes.policy + winner.votes.momentum;
  const numAnswers = tallies.size;
  return { kind: 'majority', answer, votes, share: votes / numVotes, numVotes, numAnswers };
}
