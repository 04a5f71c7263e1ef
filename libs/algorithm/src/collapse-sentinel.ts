import type { AgreementSignals } from './collapse-signals.ts';

/** What the sentinel sees of one iteration: no gold label, and null where the method has no such signal. */
export interface CollapseSignals extends AgreementSignals {
  /** Counted from 0. */
  readonly iteration: number;
  /** Mean trajectory entropy of the policy's rollouts (nats). */
  readonly entropy: number | null;
  /** Mean length of the policy's responses. */
  readonly responseTokens: number | null;
  /** Global norm before clipping; null where the iteration had no signal. */
  readonly gradientNorm: number | null;
}

/** The signs of collapse: what a window of iterations shows against those before it. */
export const collapseReasons = [
  'same-answer', // more and more prompts get the same answer
  'roles-disagree', // the policy leaves what the momentum model still holds
  'agreement-falls', // the policy agrees with itself less than it did
  'labels-conflict', // gradients grow again while rollouts still disagree: labels contradict each other
  'entropy-rises', // entropy, which training for agreement lowers, rises again
  'responses-shrink', // responses lose the length that they had gained
] as const;

export type CollapseReason = (typeof collapseReasons)[number];

/** When a sign counts; null switches it off. All are changes of window means against the run's own past. */
export interface CollapseOptions {
  /** Iterations that a mean is taken over. */
  readonly window: number;
  /** Iterations in a row that must show a sign. */
  readonly patience: number;
  /** Rise of `labelCollision` above the first window. */
  readonly collisionRise: number | null;
  /** Rise of `disagreement` above its lowest window. */
  readonly disagreementRise: number | null;
  /** Fall of `selfAgreement` below its highest window. */
  readonly agreementFall: number | null;
  /** Rise of the conflict above its lowest window: `(1 - selfAgreement)` × `gradientNorm` / first window's. */
  readonly conflictRise: number | null;
  /** Rise of `entropy` above its lowest window, as a share of the first window's. */
  readonly entropyRise: number | null;
  /** Fall of `responseTokens` below its highest window, as a share of it. */
  readonly lengthFall: number | null;
}

/** Fixed on one base and task, seeds 1 to 3; docs/collapse.md judges them elsewhere. */
export const defaultCollapseOptions: CollapseOptions = {
  window: 5,
  patience: 8,
  collisionRise: 0.15,
  disagreementRise: 0.15,
  agreementFall: 0.04,
  conflictRise: 0.15,
  entropyRise: 0.025,
  lengthFall: 0.1,
};

/** Whether a run looks as if it collapsed, judged after its newest iteration. */
export type CollapseState =
  | { readonly kind: 'healthy' }
  | {
      readonly kind: 'suspected';
      /** First iteration of the window in which the oldest of the signs first showed. */
      readonly since: number;
      readonly reasons: readonly CollapseReason[];
    };

/**
 * Judges a run after each of its iterations, seeing only those before: a pure function of their signals, so a
 * run that is resumed or replayed is judged alike. A sign may pass, and the run is healthy again.
 *
 * Agreement alone says nothing: a policy that becomes right agrees with itself as one that collapses does. So
 * every sign is a change against the run's own past, and what healthy training does too (agreement rises,
 * entropy falls, responses grow) is none.
 *
 * @param history signals of the iterations so far, oldest first
 * @returns a state for each of them
 */
export function collapseStates(
  history: readonly CollapseSignals[],
  options: CollapseOptions,
): CollapseState[] {
  const signs = collapseSigns(history, options).map(({ reason, shows }) => ({
    reason,
    firsts: firstsOf(shows),
  }));
  return history.map((_, iteration) => {
    const window = iteration - options.window + 1;
    const found = signs.flatMap(({ reason, firsts }) => {
      const first = firsts[window];
      return first === undefined || window - first + 1 < options.patience ? [] : { reason, first };
    });
    if (found.length === 0) return { kind: 'healthy' };
    const oldest = Math.min(...found.map(({ first }) => first));
    const reasons = found.map(({ reason }) => reason);
    return { kind: 'suspected', since: history[oldest]!.iteration, reasons };
  });
}

/** For each window the first of those in a row up to it that show the sign; after itself where it does not. */
function firstsOf(shows: readonly boolean[]): number[] {
  let first = 0;
  return shows.map((isShown, window) => {
    if (!isShown) first = window + 1;
    return first;
  });
}

/**
 * A signal averaged over each window; null where it has no value in it. Window w is made of the iterations at
 * w … w + options.window - 1 of the history.
 */
type Means = readonly (number | null)[];

/** Every sign, and the windows that show it. */
function collapseSigns(
  history: readonly CollapseSignals[],
  options: CollapseOptions,
): { reason: CollapseReason; shows: boolean[] }[] {
  const means = (of: (signals: CollapseSignals) => number | null) =>
    windowMeans(history.map(of), options.window);
  const agreement = means((signals) => signals.selfAgreement);
  const gradients = means((signals) => signals.gradientNorm);
  const entropy = means((signals) => signals.entropy);
  const length = means((signals) => signals.responseTokens);
  const collision = means((signals) => signals.labelCollision);
  const departures: [CollapseReason, number | null, Means][] = [
    ['same-answer', options.collisionRise, minus(collision, firstOf(collision))],
    ['roles-disagree', options.disagreementRise, aboveLowest(means((s) => s.disagreement))],
    ['agreement-falls', options.agreementFall, belowHighest(agreement)],
    ['labels-conflict', options.conflictRise, aboveLowest(conflictOf(agreement, gradients))],
    ['entropy-rises', options.entropyRise, over(aboveLowest(entropy), firstOf(entropy))],
    ['responses-shrink', options.lengthFall, belowHighestAsShare(length)],
  ];
  return departures.map(([reason, threshold, values]) => ({
    reason,
    shows: values.map((value) => threshold !== null && value !== null && value >= threshold),
  }));
}

function windowMeans(values: readonly (number | null)[], window: number): Means {
  const numWindows = Math.max(0, values.length - window + 1);
  return Array.from({ length: numWindows }, (_, start) => {
    const present = values.slice(start, start + window).filter((value) => value !== null);
    if (present.length === 0) return null;
    return present.reduce((sum, value) => sum + value, 0) / present.length;
  });
}

/**
 * How much the labels pull against each other: what the rollouts disagree, weighted by how far their gradients
 * move the policy. A policy that learns disagrees less and less; one that is confident and inconsistent has
 * both, and large gradients alone, of rare mistakes, are healthy.
 */
function conflictOf(agreement: Means, gradients: Means): Means {
  const relative = over(gradients, firstOf(gradients));
  return agreement.map((share, window) => {
    const growth = relative[window]!;
    return share === null || growth === null ? null : (1 - share) * growth;
  });
}

const firstOf = (values: Means): number | null => values.find((value) => value !== null) ?? null;

const minus = (values: Means, other: number | null): Means =>
  values.map((value) => (value === null || other === null ? null : value - other));

const over = (values: Means, other: number | null): Means =>
  values.map((value) => (value === null || other === null || other === 0 ? null : value / other));

/** Each value against the lowest so far. */
function aboveLowest(values: Means): Means {
  let lowest = Number.POSITIVE_INFINITY;
  return values.map((value) => {
    if (value === null) return null;
    lowest = Math.min(lowest, value);
    return value - lowest;
  });
}

/** Each value against the highest so far. */
function belowHighest(values: Means): Means {
  return aboveLowest(values.map((value) => (value === null ? null : -value)));
}

/** Falls below the highest so far as shares of it. */
function belowHighestAsShare(values: Means): Means {
  return belowHighest(values).map((fall, window) =>
    fall === null ? null : fall / (fall + values[window]!),
  );
}
