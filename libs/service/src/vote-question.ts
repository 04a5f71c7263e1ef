import {
  type AlgorithmOptions,
  type Fence,
  type GroupMember,
  judgeQuestion,
  roleMajorities,
  selfCertainty,
  trajectoryEntropy,
  type GroupVerdict as Verdict,
} from '@mgrpo/algorithm';
import type { GroupVerdict, MemberVerdict } from '@mgrpo/rpc';
import { wireRole } from '@mgrpo/rpc';
import type { RolloutGroup } from './groups.ts';
import type { Rollout } from './rollout-codec.ts';

/** How a response becomes a vote. */
export interface VoteOptions {
  algorithm: AlgorithmOptions;
  /** The text of response tokens, special tokens left out. */
  decode(tokens: Int32Array): string;
  /** The canonical answer in a response, or null. */
  answerOf(text: string): string | null;
}

/** A question with everything that was sampled for it. */
export interface Question {
  /** One complete, ordered group for each of its prompts. */
  groups: readonly RolloutGroup[];
  /** Canonical; null unless the method is labelled. */
  gold: string | null;
}

/** Judges the groups of one question (Algorithm 1, lines 9-14). Pure. */
export function voteQuestion({ groups, gold }: Question, options: VoteOptions): Verdict[] {
  const members = groups.map(({ policy, momentum }) => [
    ...policy.map((rollout) => memberOf(rollout, 'policy', options)),
    ...momentum.map((rollout) => memberOf(rollout, 'momentum', options)),
  ]);
  return judgeQuestion({ groups: members, gold }, options.algorithm);
}

function memberOf(
  rollout: Rollout,
  role: 'policy' | 'momentum',
  { algorithm, decode, answerOf }: VoteOptions,
): GroupMember {
  return {
    role,
    index: rollout.index,
    answer: answerOf(decode(rollout.tokens)),
    entropy: trajectoryEntropy(rollout.entropies, algorithm.trajectoryEntropy),
    selfCertainty: rollout.selfCertainties && selfCertainty(rollout.selfCertainties),
    numTokens: rollout.tokens.length,
  };
}

/** The verdict's fields of the message. */
export function verdictToWire({ label, fence, members }: Verdict): GroupVerdict {
  const majority = label.kind === 'majority' ? label : undefined;
  const bounds = fenceOf(fence);
  const { policy: policyMajority, momentum: momentumMajority } = roleMajorities(members);
  return {
    hasLabel: label.kind !== 'none',
    pseudoLabel: label.kind === 'none' ? '' : label.answer,
    voteShare: majority?.share ?? 0,
    numVotes: majority?.numVotes ?? 0,
    numAnswers: majority?.numAnswers ?? 0,
    hasFence: bounds !== undefined,
    fenceQ1: bounds?.kind === 'iqr' ? bounds.q1 : 0,
    fenceQ3: bounds?.kind === 'iqr' ? bounds.q3 : 0,
    fenceLower: bounds?.lower ?? 0,
    policyMajority,
    momentumMajority,
    members: members.map(
      ({ role, index, entropy, numTokens, outcome, ...known }): MemberVerdict => {
        const kept = outcome.kind === 'kept' ? outcome : undefined;
        return {
          role: wireRole[role],
          index,
          entropy,
          numTokens,
          votes: kept?.votes ?? false,
          trains: kept?.trains ?? false,
          reward: kept?.reward ?? 0,
          advantage: kept?.advantage ?? 0,
          dropped: outcome.kind === 'dropped' ? outcome.reason : '',
          ...(known.answer === null ? {} : { answer: known.answer }),
          ...(known.selfCertainty === null ? {} : { selfCertainty: known.selfCertainty }),
        };
      },
    ),
  };
}

/** The fence that the message reports: where each role has its own, the policy's. */
function fenceOf(fence: Verdict['fence']): Fence | null {
  if (fence.kind === 'off') return null;
  return fence.kind === 'pooled' ? fence.fence : fence.fences.policy;
}
