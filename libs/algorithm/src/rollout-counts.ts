import { MgrpoError } from '@mgrpo/errors';

/** How many rollouts of each role a prompt gets, and how many policy rollouts of them may train. */
export interface RolloutCounts {
  /** M: rollouts of the policy. */
  readonly policy: number;
  /** N: rollouts of the momentum model. */
  readonly momentum: number;
  /** The policy rollouts with an index below this may train: M, unless more vote than train. */
  readonly trained: number;
}

/** The options from which a method plans its rollouts. */
export interface GroupOptions {
  /** G: rollouts of a prompt, both roles together. Paper: 32. */
  readonly groupSize: number;
  /** N: how many of the G the momentum model samples; null takes the method's own. */
  readonly momentumRollouts: number | null;
  /** How many of the M policy rollouts train, the first by index; null takes the method's own. */
  readonly trainedRollouts: number | null;
}

/** What a method makes of G where the options leave it open, and what it can't do without. */
export interface RolloutShares {
  /** N is one in this many of G; null: the method has no momentum rollouts. */
  readonly momentumOneIn: number | null;
  /** The least N that the method works with. */
  readonly leastMomentum: 0 | 1;
  /** One in this many of M trains; null: all must, since one that doesn't would be of no use. */
  readonly trainedOneIn: number | null;
}

/** A method's `counts`: its shares of G, unless the options say otherwise. */
export function countRollouts(shares: RolloutShares): (options: GroupOptions) => RolloutCounts {
  return (options) => {
    requireCount('groupSize', options.groupSize, 1);
    const momentum = momentumCount(options, shares);
    const policy = options.groupSize - momentum;
    if (policy < 1) {
      throw invalid(
        `momentumRollouts ${momentum} leaves no policy rollouts of algorithm.groupSize ` +
          `${options.groupSize}; lower it or raise the group size`,
      );
    }
    return { policy, momentum, trained: trainedCount(options, shares, policy) };
  };
}

function momentumCount(
  { groupSize, momentumRollouts }: GroupOptions,
  { momentumOneIn, leastMomentum }: RolloutShares,
): number {
  if (momentumOneIn === null) {
    if (momentumRollouts === null || momentumRollouts === 0) return 0;
    throw invalid(
      `momentumRollouts is ${momentumRollouts}, but algorithm.method has no momentum rollouts; ` +
        'set it to 0 or choose a method that has, as mgrpo',
    );
  }
  const momentum =
    momentumRollouts ??
    oneIn(momentumOneIn, groupSize, { of: 'groupSize', option: 'momentumRollouts' });
  requireCount('momentumRollouts', momentum, leastMomentum);
  return momentum;
}

function trainedCount(
  { trainedRollouts }: GroupOptions,
  { trainedOneIn }: RolloutShares,
  policy: number,
): number {
  if (trainedOneIn === null) {
    if (trainedRollouts === null || trainedRollouts === policy) return policy;
    throw invalid(
      `trainedRollouts is ${trainedRollouts}, but under algorithm.method policy rollouts that don't ` +
        `train are of no use; leave it null to train on all ${policy}`,
    );
  }
  const trained =
    trainedRollouts ??
    oneIn(trainedOneIn, policy, {
      of: 'groupSize with policy rollouts',
      option: 'trainedRollouts',
    });
  requireCount('trainedRollouts', trained, 1);
  if (trained <= policy) return trained;
  throw invalid(`trainedRollouts ${trained} is more than the ${policy} policy rollouts; lower it`);
}

function oneIn(
  parts: number,
  total: number,
  { of, option }: { readonly of: string; readonly option: string },
): number {
  if (total % parts === 0) return total / parts;
  throw invalid(
    `${of} ${total} is not a multiple of ${parts}, so the method's own algorithm.${option} (1 in ` +
      `${parts}) is not a whole number; choose a multiple of ${parts} or set algorithm.${option}`,
  );
}

/** Checks that a group size or rollout count is an integer of at least `least`. */
export function requireCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw invalid(`${name} must be an integer of at least ${least}, got ${value}`);
}

function invalid(rest: string): MgrpoError {
  return new MgrpoError('INVALID_CONFIG', `algorithm.${rest}`);
}
