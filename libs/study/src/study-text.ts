import { headlinePurpose, summarizeArms } from './report/arm-summary.ts';
import type { Spread } from './report/spread.ts';
import type { StudyResult } from './study-result.ts';

/**
 * The main table for a terminal: best and final greedy accuracy of every arm, median and extremes over the seeds that
 * headline numbers are of. A base without a finished trial is left out.
 */
export function studyText(study: StudyResult): string {
  const purpose = headlinePurpose(study);
  const summaries = summarizeArms(study).filter((summary) => summary.purpose === purpose);
  const width = Math.max(...study.arms.map(({ title }) => title.length)) + 2;
  const head = `${'best'.padEnd(24)}${'final'.padEnd(24)}seeds`;
  return study.bases
    .flatMap((base) => {
      const lines = study.arms.flatMap((arm) => {
        const found = summaries.find((one) => one.base === base.name && one.arm === arm.name);
        if (!found?.spreads.final) return [];
        const { best, final } = found.spreads;
        const cells = `${spreadText(best).padEnd(24)}${spreadText(final).padEnd(24)}`;
        return [`${arm.title.padEnd(width)}${cells}${found.seeds.join(' ')}`];
      });
      if (lines.length === 0) return [];
      return [`\n${base.title}`, `${' '.repeat(width)}${head}`, ...lines, ''].join('\n');
    })
    .join('');
}

function spreadText(spread: Spread | null): string {
  if (spread === null) return '-';
  const { median, min, max } = spread;
  return `${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;
}
