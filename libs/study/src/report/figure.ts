import { type Drawing, type LegendEntry, lineLook } from '@mgrpo/charts';
import type { StudyResult } from '../study-result.ts';
import type { Trial } from '../trial-record.ts';
import { headlinePurpose, trialsOf } from './arm-summary.ts';

/** A figure of the report, which is also a file of its own. */
export interface Figure {
  /** Without `.svg`. */
  readonly name: string;
  readonly title: string;
  /** How to read it. */
  readonly note: string;
  readonly drawing: Drawing;
  readonly legend: readonly LegendEntry[];
  /** Whether the page's legend of arms explains its lines. */
  readonly isByArm: boolean;
  /** The one arm that it shows. */
  readonly arm?: string;
}

/** The trials of one arm that a figure of one base shows, with the arm's look. */
export interface ShownArm extends LegendEntry {
  readonly name: string;
  readonly trials: readonly Trial[];
  readonly source: string;
}

/** Arms with a finished trial from this base; an arm has the same look in all figures. */
export function shownArms(study: StudyResult, base: string): ShownArm[] {
  const purpose = headlinePurpose(study);
  return study.arms.flatMap((arm, index) => {
    const trials = trialsOf(study, { base, arm: arm.name, purpose });
    if (trials.length === 0) return [];
    const { name, isOurs } = arm;
    const title = isOurs ? `${arm.title} (ours)` : arm.title;
    const seeds = trials.map(({ start }) => start.seed);
    return [{ name, title, look: lineLook(index), trials, source: sourceText(base, name, seeds) }];
  });
}

/** Names the trials behind a number, as their files are named. */
export function sourceText(base: string, arm: string, seeds: readonly number[]): string {
  if (seeds.length === 0) return `no trial of ${base}/${arm} has finished`;
  return `${base}/${arm}, seed${seeds.length > 1 ? 's' : ''} ${seeds.join(', ')}`;
}

/** A drawing as a list, empty where there is nothing to draw. */
export function figureOf(drawing: Drawing | null, rest: Omit<Figure, 'drawing'>): Figure[] {
  return drawing === null ? [] : [{ ...rest, drawing }];
}
