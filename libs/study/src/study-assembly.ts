import type { StudyPlan } from './study-plan.ts';
import type { StudyResult } from './study-result.ts';
import type { Trial } from './trial-record.ts';

/** What a report shows of a plan and the trials that are finished. */
export function studyResult(plan: StudyPlan, trials: readonly Trial[]): StudyResult {
  const { name, title, note, bases, arms, seeds, baseline, view, measure } = plan;
  const shown = { name, title, note, bases, arms, seeds, baseline, view, measure };
  return { ...shown, trials, numTrials: plan.trials.length };
}
