import { svgFile } from '@mgrpo/charts';
import type { StudyResult } from '../study-result.ts';
import { headlinePurpose, summarizeArms } from './arm-summary.ts';
import { seedWords } from './main-table.ts';
import { curvesCsv, trialsCsv } from './study-csv.ts';
import { studyFigures } from './study-figures.ts';
import { type StudyReportOptions, studyPage } from './study-page.ts';

/**
 * Everything a study is published as: `study.html` (opens without a network), `study.json` (the result with a
 * summary of every arm and what the page shows besides), `trials.csv`, `curves.csv` and `figures/*.svg`. Works on unfinished studies too.
 *
 * @returns contents by path inside the study's folder
 */
export function studyFiles(
  study: StudyResult,
  options: StudyReportOptions = {},
): Map<string, string> {
  const summaries = summarizeArms(study);
  const figures = studyFigures(study);
  const seeds = `${seedWords[headlinePurpose(study)]} seeds`;
  const drawn = figures.flatMap(({ base, view, training, mechanism, flips, lowEntropy }) =>
    [...view, ...training, ...mechanism, ...flips, ...lowEntropy].map(
      ({ name, title, drawing, legend }) =>
        [
          `figures/${name}.svg`,
          svgFile(drawing, { title, subtitle: `${base.title}; ${seeds}`, legend }),
        ] as const,
    ),
  );
  return new Map([
    ['study.html', studyPage(study, summaries, figures, options)],
    ['study.json', `${JSON.stringify({ ...study, ...options, summaries })}\n`],
    ['trials.csv', trialsCsv(study)],
    ['curves.csv', curvesCsv(study)],
    ...drawn,
  ]);
}
