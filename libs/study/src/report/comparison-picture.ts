import { type Drawing, escapeHtml, lineChart, lineLook, svgFile } from '@mgrpo/charts';
import { MgrpoError } from '@mgrpo/errors';
import type { StudyResult } from '../study-result.ts';
import { iterationsOf } from './curve-figures.ts';
import { band, evaluationCurve, trainingCurve } from './curves.ts';
import { type ShownArm, shownArms } from './figure.ts';

const looks = { accuracy: lineLook(0), reward: lineLook(1, 1) };
const panel = { width: 420, title: 22 };

/**
 * Reward and greedy accuracy over training, one panel for each arm, as an SVG file: what training sees, and what it
 * does not.
 *
 * @throws USAGE naming an arm without a finished trial, or where no seed is finished of all arms
 */
export function comparisonPicture(
  study: StudyResult,
  { base, arms }: { readonly base: string; readonly arms: readonly string[] },
): string {
  const all = shownArms(study, base);
  const shown = arms.map((name) => {
    const arm = all.find((one) => one.name === name);
    if (arm) return arm;
    const known = all.map((one) => one.name).join(', ');
    throw new MgrpoError(
      'USAGE',
      `no finished trial of arm "${name}" from base ${base}; take of: ${known}`,
    );
  });
  const seeds = commonSeeds(shown);
  if (seeds.length === 0) {
    throw new MgrpoError('USAGE', `arms ${arms.join(' and ')} have no finished seed in common`);
  }
  const { title } = study.bases.find(({ name }) => name === base)!;
  return svgFile(sideBySide(shown.map((arm) => onlySeeds(arm, seeds))), {
    title: 'Accuracy and what training sees of it',
    subtitle: `${title}; median and range of seeds ${seeds.join(', ')}`,
    legend: [
      { title: 'accuracy on held-out problems (greedy)', look: looks.accuracy },
      { title: 'reward that training sees', look: looks.reward },
    ],
  });
}

/** A study that is not finished may have more seeds of one arm than of another. */
function commonSeeds(arms: readonly ShownArm[]): number[] {
  const seeds = arms.map(({ trials }) => trials.map(({ start }) => start.seed));
  return seeds[0]!.filter((seed) => seeds.every((one) => one.includes(seed)));
}

function onlySeeds(arm: ShownArm, seeds: readonly number[]): ShownArm {
  return { ...arm, trials: arm.trials.filter(({ start }) => seeds.includes(start.seed)) };
}

function sideBySide(arms: readonly ShownArm[]): Drawing {
  const xEnd = iterationsOf(arms);
  const drawings = arms.map((arm) => drawArm(arm, xEnd));
  const panels = drawings.map(
    ({ label, body }, i) =>
      `<g transform="translate(${i * panel.width} ${panel.title})"><text class="name" x="16" y="-4">${escapeHtml(label)}</text>\n${body}\n</g>`,
  );
  return {
    width: panel.width * arms.length,
    height: panel.title + Math.max(...drawings.map(({ height }) => height)),
    label: `Reward and greedy accuracy over ${xEnd} iterations: ${arms.map(({ title }) => title).join('; ')}`,
    body: panels.join('\n'),
    facts: {},
  };
}

function drawArm({ name, title, trials, source }: ShownArm, xEnd: number): Drawing {
  const accuracy = trials.map((trial) => evaluationCurve(trial, ({ greedy }) => greedy.accuracy));
  const reward = trials.map((trial) => trainingCurve(trial, (record) => record.reward));
  const lines = [
    { key: name, title: 'accuracy', look: looks.accuracy, source, points: band(accuracy) },
    { key: name, title: 'reward', look: looks.reward, source, points: band(reward) },
  ];
  return lineChart({
    label: title,
    xTitle: 'iterations',
    xKind: 'linear',
    xEnd,
    lines,
    range: [0, 1],
    width: panel.width,
  })!;
}
