// Draws the README's picture, docs/assets/collapse.svg, from the results of a study:
//   node bench/experiments/collapse-figure.ts studies/collapse/study.json [--base chain] [--arms srt,mgrpo-half]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { comparisonPicture, type StudyResult } from '@mgrpo/study';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string' },
    arms: { type: 'string', default: 'srt,mgrpo-half' },
    out: { type: 'string', default: join(import.meta.dirname, '../../docs/assets/collapse.svg') },
  },
});
const file = positionals[0] ?? 'studies/collapse/study.json';
const study = JSON.parse(readFileSync(file, 'utf8')) as StudyResult;
const base = values.base ?? study.bases[0]!.name;
writeFileSync(values.out, comparisonPicture(study, { base, arms: values.arms.split(',') }));
