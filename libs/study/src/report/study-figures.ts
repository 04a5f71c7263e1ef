import type { StudyBase, StudyResult } from '../study-result.ts';
import { curveFigures } from './curve-figures.ts';
import type { Figure } from './figure.ts';
import { flipFigures } from './flip-figures.ts';
import { viewFigures } from './view-figures.ts';

/** All figures of one base, in the order of the report. */
export interface BaseFigures {
  readonly base: StudyBase;
  readonly view: readonly Figure[];
  readonly training: readonly Figure[];
  readonly mechanism: readonly Figure[];
  readonly flips: readonly Figure[];
  readonly lowEntropy: readonly Figure[];
}

/** Draws a study's figures; what has no finished trial yet is left out. */
export function studyFigures(study: StudyResult): BaseFigures[] {
  return study.bases.map((base) => ({
    base,
    view: viewFigures(study, base.name),
    training: curveFigures(study, base.name, 'training'),
    mechanism: curveFigures(study, base.name, 'mechanism'),
    flips: flipFigures(study, base.name),
    lowEntropy: curveFigures(study, base.name, 'lowEntropy'),
  }));
}
