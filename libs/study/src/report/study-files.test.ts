import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrowserPage, findChromium } from './chromium.fixture.ts';
import { madeStudy, madeTrial } from './study.fixture.ts';
import { studyFiles } from './study-files.ts';
import { seedsText } from './study-page.ts';

const srt = (seed: number, greedy: number[]) =>
  madeTrial({ base: 'sums', arm: 'srt', seed, greedy, hasVote: false });
const mgrpo = (seed: number, greedy: number[]) =>
  madeTrial({ base: 'sums', arm: 'mgrpo', seed, greedy });

const study = madeStudy([
  srt(2, [0.3, 0.9, 0.2]),
  srt(3, [0.3, 0.8, 0.4]),
  mgrpo(2, [0.3, 0.9, 0.8]),
  mgrpo(3, [0.3, 0.9, 0.9]),
  madeTrial({ base: 'sums', arm: 'srt', seed: 1, greedy: [0.3, 0.1], purpose: 'choose' }),
]);

/** Text of each cell of the table rows that begin with `title`, without tags. */
function rows(html: string, title: string): string[][] {
  return [...html.matchAll(/<tr[^>]*>(.*?)<\/tr>/g)]
    .map(([, row]) => row!.split(/<\/t[dh]>/).map((cell) => cell.replace(/<[^>]+>/g, ' ').trim()))
    .filter(([first]) => first!.startsWith(title));
}

test('a study becomes a page, its numbers and its figures', () => {
  const files = studyFiles(study);
  expect([...files.keys()]).toEqual(
    expect.arrayContaining([
      'study.html',
      'study.json',
      'trials.csv',
      'curves.csv',
      'figures/accuracy-greedy-sums.svg',
      'figures/entropy-sums.svg',
      'figures/flips-sums-mgrpo.svg',
    ]),
  );
  // No arm with momentum rollouts is among SRT's: its line alone is missing.
  expect(files.get('figures/disagreement-sums.svg')).not.toContain('data-key="srt"');
  const json = JSON.parse(files.get('study.json')!);
  expect(json.trials).toHaveLength(5);
  expect(json.summaries).toHaveLength(4);
});

test('tables have the numbers worked out by hand, and name their trials', () => {
  const html = studyFiles(study).get('study.html')!;
  const [main, difference] = rows(html, 'M-GRPO');
  expect(main!.slice(1, 4)).toEqual([
    '90.0  90.0 to 90.0',
    '85.0  80.0 to 90.0',
    '−5.0  −10.0 to 0.0',
  ]);
  // At the temperature 0.7 and 0.8, pass@4 0.85 and 0.95, entropy-matched 0.5 against the base's 0.2.
  expect(main!.slice(4, 9)).toEqual([
    'never',
    '75.0  70.0 to 80.0',
    '90.0  85.0 to 95.0',
    '50.0  50.0 to 50.0',
    '+30.0  +30.0 to +30.0',
  ]);
  expect(difference![1]).toBe('+55.0  +50.0 to +60.0; 2 of 2 up, p 0.5');
  expect(rows(html, 'SRT')[0]![4]).toBe('20  2 of 2');
  expect(html).toContain('title="sums/mgrpo, seeds 2, 3"');
  expect(html).toContain('id="trials-sums-srt"');
  expect(html).toContain('href="trials/sums/srt/seed-2.jsonl"');
});

test('the untrained base beside the arms is of the same seeds as they are', () => {
  const html = studyFiles(study).get('study.html')!;
  const bases = [...html.matchAll(/evaluation before training, seeds? ([\d, ]+)"/g)];
  expect(new Set(bases.map(([, seeds]) => seeds))).toEqual(new Set(['2, 3', '1']));
});

test('the page says what is missing, which seeds chose, and what is ours', () => {
  const html = studyFiles(study).get('study.html')!;
  expect(html).toContain('5 of 8 trials');
  expect(html).toContain('Seeds 2, 3, 4 only confirm');
  expect(html).toContain('Seed 1 was used to choose settings');
  expect(html).toContain('M-GRPO</a> <em>ours</em>');
  expect(html).toContain('Made &lt;up&gt;');
  expect(seedsText({ seeds: { choose: [7], confirm: [] } })).toContain('no seed confirms');
});

test('one seed, and none at all, are reported on', () => {
  const one = studyFiles(madeStudy([srt(2, [0.3, 0.9])]));
  expect(rows(one.get('study.html')!, 'SRT')[0]!.slice(1, 3)).toEqual(['90.0', '90.0']);
  const none = studyFiles(madeStudy([]));
  expect([...none.keys()]).toEqual(['study.html', 'study.json', 'trials.csv', 'curves.csv']);
  for (const content of [...one.values(), ...none.values()]) {
    expect(content).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test('views draw lines over a factor or a map over two', () => {
  const lines = madeStudy(study.trials, { view: { kind: 'lines', x: 'G', series: 'method' } });
  const drawn = studyFiles(lines).get('figures/view-sums.svg')!;
  // Median of 0.8 and 0.9 at G = 64.
  expect(drawn).toContain('data-title="M-GRPO, final" data-points="64,0.85,0.8,0.9"');
  const map = madeStudy(study.trials, { view: { kind: 'heat-map', x: 'G', y: 'method' } });
  // Of -0.7 and -0.4.
  expect(studyFiles(map).get('figures/view-sums.svg')).toContain('>−55.0</text>');
});

test('a reward that is no share has a figure of its own, and arms without a fence are left out', () => {
  const [first, ...others] = study.trials;
  const iterations = first!.iterations.map((one) => {
    const low = { ...one.low, count: 0, right: 0, forLabel: 0, flipped: 0 };
    return { ...one, reward: 7, low };
  });
  const only = others.filter(({ start }) => start.arm !== 'srt');
  const files = studyFiles(madeStudy([{ ...first!, iterations }, ...only]));
  expect(files.get('figures/reward-sums.svg')).not.toContain('data-key="srt"');
  expect(files.get('figures/reward-unbounded-sums.svg')).toContain('data-key="srt"');
  expect(files.get('figures/low-right-sums.svg')).not.toContain('data-key="srt"');
  expect(rows(files.get('study.html')!, 'SRT')[0]!.at(-2)).toBe('7.00');
  // Two tables of the confirming and two of the choosing seeds, then this: 1 of 4 rollouts below the fence right, 18 of 36 of the others.
  expect(rows(files.get('study.html')!, 'M-GRPO')[4]!.slice(3, 5)).toEqual([
    '25.0  25.0 to 25.0',
    '50.0  50.0 to 50.0',
  ]);
});

test('controls, settings and the judged sentinel are shown where they are given', () => {
  const { measure } = { measure: study.trials[0]!.evaluations[1]!.sampled };
  const files = studyFiles(study, {
    controls: [{ base: 'sums', title: 'base, logits × 1.5', measure }],
    settings: {
      shared: { 'algorithm.optimizer.learningRate': 0.0006 },
      bases: { sums: { recipe: 'sums.yaml' } },
      overrides: ['iterations=10'],
    },
    sentinel: { title: 'Sentinel', columns: ['trials', 'caught'], rows: [['SRT', '3']] },
  });
  const html = files.get('study.html')!;
  expect(rows(html, 'base, logits')[0]).toContain('80.0');
  expect(html).toContain('All trials share: algorithm.optimizer.learningRate = 0.0006.');
  expect(html).toContain('Base sums: recipe = &quot;sums.yaml&quot;.');
  expect(html).toContain(
    'on the command line for all trials, over everything else: iterations=10.',
  );
  expect(JSON.parse(files.get('study.json')!)).toMatchObject({
    settings: { overrides: ['iterations=10'] },
    controls: [{ title: 'base, logits × 1.5' }],
    sentinel: { rows: [['SRT', '3']] },
  });
  expect(html).toContain('id="sentinel"');
});

test('a hundred trials of 300 iterations make a page below 3 MB', () => {
  const arms = Array.from({ length: 12 }, (_, i) => ({ ...study.arms[0]!, name: `arm-${i}` }));
  const bases = [study.bases[0]!, { name: 'words', title: 'Words' }];
  const greedy = Array.from({ length: 31 }, (_, i) => i / 31);
  const trials = arms.flatMap((arm) =>
    bases.flatMap((base) =>
      [2, 3, 4, 5].map((seed) => {
        const scaled = greedy.map((value) => (value * seed) / 7);
        const trial = madeTrial({ base: base.name, arm: arm.name, seed, greedy: scaled });
        const iterations = trial.iterations.map((one) => ({ ...one, reward: one.reward / seed }));
        return { ...trial, iterations };
      }),
    ),
  );
  const big = madeStudy(trials, { arms, bases, numTrials: 96 });
  expect(studyFiles(big).get('study.html')!.length).toBeLessThan(3e6);
});

const browser = findChromium();

describe.skipIf(browser === null)('in Chromium (skipped where there is none)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-report-'));
  const path = join(folder, 'study.html');
  let page: BrowserPage;

  beforeAll(async () => {
    writeFileSync(path, studyFiles(study).get('study.html')!);
    page = await BrowserPage.open(browser!, { path, width: 390, height: 800 });
  });

  afterAll(async () => {
    await page?.close();
    rmSync(folder, { recursive: true });
  });

  test('the page loads nothing from elsewhere, complains of nothing and fits a phone', async () => {
    expect(page.complaints).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  test('the legend hides an arm in every figure, and arrow keys read a chart', async () => {
    const hidden = `[...document.querySelectorAll('.line.hidden')].map((one) => one.dataset.key)`;
    await page.evaluate(`document.querySelector('[data-arm=srt]').click()`);
    expect(new Set((await page.evaluate(hidden)) as string[])).toEqual(new Set(['srt']));
    await page.evaluate(`document.querySelector('.arms .all').click()`);
    expect(await page.evaluate(hidden)).toEqual([]);
    await page.evaluate(`{
      const chart = document.querySelector('svg[data-frame]');
      chart.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
    }`);
    const tip = await page.evaluate(`document.querySelector('.tip').textContent`);
    expect(tip).toBe('0SRT: 0.3M-GRPO (ours): 0.3');
    expect(page.complaints).toEqual([]);
  });
});
