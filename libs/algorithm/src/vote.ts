import { compareMembers, type GroupMember } from './group.ts';

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
  readonly votes: number;
  readonly momentumVotes: number;
}

function compareTallies(a: Tally, b: Tally): number {
  return (
    b.votes - a.votes || b.momentumVotes - a.momentumVotes || compareMembers(a.earliest, b.earliest)
  );
}

/**
 * The pseudo-label y_v by majority vote (section 2.1 of the paper; Algorithm 1, line 13).
 *
 * The paper's argmax leaves ties open. Here the answer with more momentum votes wins, then the answer
 * of the earliest rollout (policy before momentum, by index): no order of arrival can change it.
 *
 * @param voters rollouts that may vote, in any order; those without an answer are not counted
 */
export function majorityVote(voters: readonly GroupMember[]): PseudoLabel {
  const tallies = new Map<string, Tally>();
  let numVotes = 0;
  for (const voter of voters) {
    if (voter.answer === null) continue;
    numVotes += 1;
    const before = tallies.get(voter.answer);
    const isEarlier = before === undefined || compareMembers(voter, before.earliest) < 0;
    tallies.set(voter.answer, {
      answer: voter.answer,
      earliest: isEarlier ? voter : before.earliest,
      votes: (before?.votes ?? 0) + 1,
      momentumVotes: (before?.momentumVotes ?? 0) + (voter.role === 'momentum' ? 1 : 0),
    });
  }
  const winner = [...tallies.values()].sort(compareTallies)[0];
  if (winner === undefined) return { kind: 'none', reason: 'no-votes' };
  const { answer, votes } = winner;
  const numAnswers = tallies.size;
  return { kind: 'majority', answer, votes, share: votes / numVotes, numVotes, numAnswers };
}
