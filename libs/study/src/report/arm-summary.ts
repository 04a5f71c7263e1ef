import type { StudyArm, StudyBase, StudyResult } from '../study-result.ts';
import type { SeedPurpose, Trial } from '../trial-record.ts';
import { type PairedDifferences, pairedDifferences, type Spread, spreadOf } from './spread.ts';
import { summarizeTrial, type TrialMeasures, type TrialSummary } from './trial-summary.ts';

/** What one arm did from one base, over the seeds of one purpose. */
export interface ArmSummary {
  readonly base: string;
  readonly arm: string;
  readonly purpose: SeedPurpose;
  readonly seeds: readonly number[];
  /** Null where no trial has finished. */
  readonly spreads: Readonly<Record<keyof TrialMeasures, Spread | null>>;
  /** Trials whose greedy accuracy fell more than 10 points below its own best, and when first. */
  readonly falls: { readonly count: number; readonly first: Spread | null };
  /** Against the study's baseline; null without one, and for the baseline itself. */
  readonly differences: Readonly<Record<ComparedMeasure, PairedDifferences | null>> | null;
}

/** Measures that arms are compared by, seed by seed. */
export const comparedMeasures = ['final', 'best', 'sampled', 'matched'] as const;
type ComparedMeasure = (typeof comparedMeasures)[number];

const measureNames: readonly (keyof TrialMeasures)[] = [
  'best',
  'final',
  'finalMinusBest',
  'sampled',
  'passAtK',
  'matched',
  'matchedGain',
  'selfReward',
  'entropy',
];

/** Every base × arm, with the seeds that choose and those that confirm apart. */
export function summarizeArms(study: StudyResult): ArmSummary[] {
  const trials = study.trials.map(summarizeTrial);
  return (['confirm', 'choose'] as const).flatMap((purpose) =>
    study.bases.flatMap((base) =>
      study.arms.map((arm) => summarize(study, trials, { base, arm, purpose })),
    ),
  );
}

/** The seeds that headline numbers are of: those that confirm, where a study has any. */
export function headlinePurpose({ seeds }: Pick<StudyResult, 'seeds'>): SeedPurpose {
  return seeds.confirm.length > 0 ? 'confirm' : 'choose';
}

/** Finished trials of an arm, in order of seed. */
export function trialsOf(
  study: StudyResult,
  of: { readonly base: string; readonly arm: string; readonly purpose: SeedPurpose },
): Trial[] {
  return study.trials
    .filter(
      ({ start }) => start.base === of.base && start.arm === of.arm && start.purpose === of.purpose,
    )
    .sort((a, b) => a.start.seed - b.start.seed);
}

function summarize(
  { baseline }: StudyResult,
  trials: readonly TrialSummary[],
  { base, arm, purpose }: { base: StudyBase; arm: StudyArm; purpose: SeedPurpose },
): ArmSummary {
  const of = (name: string) =>
    trials
      .filter((one) => one.base === base.name && one.arm === name && one.purpose === purpose)
      .sort((a, b) => a.seed - b.seed);
  const own = of(arm.name);
  const spread = (name: keyof TrialMeasures) =>
    spreadOf(own.map(({ measures }) => measures[name]).filter(Number.isFinite));
  const falls = own.flatMap(({ fallIteration }) => fallIteration ?? []);
  const against = (name: ComparedMeasure) =>
    pairedDifferences(bySeed(own, name), bySeed(of(baseline!), name));
  const hasDifferences = baseline !== null && baseline !== arm.name;
  return {
    base: base.name,
    arm: arm.name,
    purpose,
    seeds: own.map(({ seed }) => seed),
    spreads: recordOf(measureNames, spread),
    falls: { count: falls.length, first: spreadOf(falls) },
    differences: hasDifferences ? recordOf(comparedMeasures, against) : null,
  };
}

function bySeed(trials: readonly TrialSummary[], name: ComparedMeasure): Map<number, number> {
  return new Map(trials.map(({ seed, measures }) => [seed, measures[name]]));
}

function recordOf<K extends string, V>(names: readonly K[], value: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<K, V>;
}
