import { expect, test } from 'vitest';
import { comparisonPicture } from './comparison-picture.ts';
import { madeStudy, madeTrial } from './study.fixture.ts';

const study = madeStudy([
  madeTrial({ base: 'sums', arm: 'srt', seed: 2, greedy: [0.3, 0.9] }),
  madeTrial({ base: 'sums', arm: 'srt', seed: 3, greedy: [0.3, 0.1] }),
  madeTrial({ base: 'sums', arm: 'mgrpo', seed: 2, greedy: [0.3, 0.8] }),
]);

test('arms are compared side by side on the seeds that all of them have', () => {
  const svg = comparisonPicture(study, { base: 'sums', arms: ['srt', 'mgrpo'] });
  expect(svg).toContain('median and range of seeds 2</text>');
  expect(svg).toContain('data-key="srt" data-title="accuracy" data-points="0,0.3;10,0.9"');
  expect(svg).toContain('data-key="mgrpo" data-title="accuracy" data-points="0,0.3;10,0.8"');
});

test('an arm without a finished trial is named', () => {
  const draw = () => comparisonPicture(study, { base: 'sums', arms: ['srt', 'gold'] });
  expect(draw).toThrow('no finished trial of arm "gold" from base sums; take of: srt, mgrpo');
});

test('arms without a seed in common are no comparison', () => {
  const apart = madeStudy([
    madeTrial({ base: 'sums', arm: 'srt', seed: 3, greedy: [0.3, 0.1] }),
    madeTrial({ base: 'sums', arm: 'mgrpo', seed: 2, greedy: [0.3, 0.8] }),
  ]);
  const draw = () => comparisonPicture(apart, { base: 'sums', arms: ['srt', 'mgrpo'] });
  expect(draw).toThrow('arms srt and mgrpo have no finished seed in common');
});
