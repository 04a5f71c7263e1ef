import { escapeHtml, figureStyle, inlineSvg, type LegendEntry, lineLook } from '@mgrpo/charts';
import type { StudyResult, StudySettings } from '../study-result.ts';
import { type ArmSummary, headlinePurpose } from './arm-summary.ts';
import { armTable, differenceTable, settingsText, trialTable } from './detail-tables.ts';
import type { Figure } from './figure.ts';
import { lowEntropyTable } from './low-entropy-table.ts';
import { type BaseControl, mainTable, seedWords } from './main-table.ts';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';
import type { BaseFigures } from './study-figures.ts';
import { type Table, tableHtml } from './table.ts';

/** What a report shows besides a study's own numbers. */
export interface StudyReportOptions {
  /** Controls of the untrained bases. */
  readonly controls?: readonly BaseControl[];
  /** How the collapse sentinel did on the study's trials. */
  readonly sentinel?: PlainTable;
  readonly settings?: StudySettings;
}

/** A table of texts. */
interface PlainTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The report of a study: one HTML page with everything in it, so it opens anywhere without a network. */
export function studyPage(
  study: StudyResult,
  summaries: readonly ArmSummary[],
  figures: readonly BaseFigures[],
  options: StudyReportOptions,
): string {
  const sections = figures.map((of) => baseSection(study, summaries, of, options));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(study.title)} · M-GRPO study</title>
<style>${figureStyle(':root')}${pageStyle}</style>
</head>
<body>
${headerHtml(study)}
${armsLegend(study)}
<main>
${sections.join('\n')}
${sentinelSection(options)}
${settingsSection(study, options)}
</main>
<footer>M-GRPO study ${escapeHtml(study.name)}. The same numbers are in study.json, trials.csv and curves.csv, the figures in figures/.</footer>
<script>${pageScript}</script>
</body>
</html>
`;
}

function headerHtml(study: StudyResult): string {
  const { trials, numTrials, bases, arms, seeds } = study;
  const minutes = trials.reduce((sum, { end }) => sum + end.seconds, 0) / 60;
  const facts = [
    [`${trials.length} of ${numTrials}`, 'trials finished'],
    [String(bases.length), bases.length === 1 ? 'base and task' : 'bases and tasks'],
    [String(arms.length), arms.length === 1 ? 'arm' : 'arms'],
    [String(seeds.confirm.length + seeds.choose.length), 'paired seeds'],
    [`${minutes.toFixed(minutes < 10 ? 1 : 0)} min`, 'of work, all trials added up'],
  ];
  const missing = numTrials - trials.length;
  const partial =
    missing > 0
      ? `<p class="partial">Unfinished: ${trials.length} of ${numTrials} trials. Every number is of the finished ones alone and may change.</p>`
      : '';
  return `<header>
<h1>${escapeHtml(study.title)}</h1>
<p class="note">${escapeHtml(study.note)}</p>
${partial}
<ul class="facts">${facts.map(([value, name]) => `<li><b>${escapeHtml(value!)}</b>${escapeHtml(name!)}</li>`).join('')}</ul>
<p>${escapeHtml(seedsText(study))}</p>
</header>`;
}

/** Which seeds chose and which confirmed, in words. */
export function seedsText({ seeds: { choose, confirm } }: Pick<StudyResult, 'seeds'>): string {
  const paired = 'All arms of a seed see the same prompts in the same order.';
  const list = (seeds: readonly number[]) =>
    `${seeds.length === 1 ? 'Seed' : 'Seeds'} ${seeds.join(', ')}`;
  const was = (seeds: readonly number[]) => (seeds.length === 1 ? 'was' : 'were');
  if (confirm.length === 0) {
    return `${list(choose)} ${was(choose)} used to choose settings and no seed confirms them: the numbers here are optimistic. ${paired}`;
  }
  const chosen =
    choose.length === 0
      ? 'No setting was chosen on any of them.'
      : `${list(choose)} ${was(choose)} used to choose settings, and ${choose.length === 1 ? 'is' : 'are'} in tables of their own.`;
  return `${list(confirm)} only ${confirm.length === 1 ? 'confirms' : 'confirm'}: tables and figures are of ${confirm.length === 1 ? 'it' : 'these'}, median and range. ${chosen} ${paired}`;
}

function armsLegend(study: StudyResult): string {
  const buttons = study.arms.map(({ name, title, isOurs }, index) => {
    const text = isOurs ? `${title} (ours)` : title;
    return `<button type="button" aria-pressed="true" data-arm="${escapeHtml(name)}">${swatch(lineLook(index))}${escapeHtml(text)}</button>`;
  });
  return `<nav class="arms" aria-label="Arms: press to show or hide"><button type="button" class="all">all or none</button>${buttons.join('')}</nav>`;
}

function swatch(look: string): string {
  const mark = look.startsWith('fill')
    ? '<rect class="area" width="28" height="10"/>'
    : '<path class="curve" d="M0 5h28"/>';
  return `<svg class="swatch ${look}" viewBox="0 0 28 10" aria-hidden="true">${mark}</svg>`;
}

function baseSection(
  study: StudyResult,
  summaries: readonly ArmSummary[],
  { base, view, training, mechanism, flips, lowEntropy }: BaseFigures,
  { controls = [] }: StudyReportOptions,
): string {
  const purpose = headlinePurpose(study);
  const of = { base: base.name, purpose, controls };
  const differences = differenceTable(study, summaries, of);
  const others = purpose === 'confirm' && study.seeds.choose.length > 0;
  const chosen = { ...of, purpose: 'choose' as const };
  const chosenDifferences = differenceTable(study, summaries, chosen);
  return `<section id="base-${escapeHtml(base.name)}">
<h2>${escapeHtml(base.title)}</h2>
${tableHtml(mainTable(study, summaries, of))}
${differences ? tableHtml(differences) : ''}
${others ? `<details><summary>The ${seedWords.choose} seeds</summary>${tableHtml(mainTable(study, summaries, chosen))}${chosenDifferences ? tableHtml(chosenDifferences) : ''}</details>` : ''}
${view.map((figure) => figureHtml(figure, 'wide')).join('\n')}
<h3>Over training</h3>
<p>Lines are medians over the seeds, bands reach from the lowest to the highest. The legend at the top shows and hides arms.</p>
${grid('grid2', training)}
<h3>Why</h3>
${grid('grid3', mechanism)}
<h3>What became of the base's answers</h3>
<p>Majority answers on held-out problems against the untrained base's, means over the seeds.</p>
${legendHtml(flips[0]?.legend ?? [])}
${grid('grid4', flips)}
${filterHtml(lowEntropyTable(study, of), lowEntropy)}
</section>`;
}

function filterHtml(table: Table | null, figures: readonly Figure[]): string {
  if (table === null) return '';
  return `<h3>What the entropy filter drops</h3>
<p>An arm without a filter has no fence, and one whose rollouts never fell below it drops nothing: neither is shown here. <code>mgrpo replay</code> holds every filter against the groups that a trial recorded.</p>
${tableHtml(table)}
${grid('grid3', figures)}`;
}

function grid(kind: string, figures: readonly Figure[]): string {
  return `<div class="${kind}">${figures.map((figure) => figureHtml(figure)).join('\n')}</div>`;
}

function figureHtml(figure: Figure, kind = ''): string {
  const { title, note, drawing, legend, isByArm, arm } = figure;
  const own = isByArm || arm !== undefined ? '' : legendHtml(legend);
  const key = arm === undefined ? '' : ` data-arm-key="${escapeHtml(arm)}"`;
  return `<figure class="${isByArm ? 'by-arm' : kind}"${key}>
<figcaption><h4>${escapeHtml(title)}</h4><p>${escapeHtml(note)}</p></figcaption>
${inlineSvg(drawing)}${own}
</figure>`;
}

function legendHtml(legend: readonly LegendEntry[]): string {
  if (legend.length === 0) return '';
  const entries = legend.map(({ title, look }) => `<li>${swatch(look)}${escapeHtml(title)}</li>`);
  return `<ul class="legend">${entries.join('')}</ul>`;
}

function sentinelSection({ sentinel }: StudyReportOptions): string {
  if (!sentinel) return '';
  const { title, columns, rows } = sentinel;
  const table: Table = {
    caption: title,
    columns: columns.map((column) => ({ title: column })),
    rows: rows.map((row) => ({ cells: row.map((text) => ({ text })) })),
  };
  return `<section id="sentinel"><h2>Collapse seen while it happens</h2>${tableHtml(table)}</section>`;
}

function settingsSection(study: StudyResult, { settings }: StudyReportOptions): string {
  const { temperature, samples, everyIterations, maxProblems } = study.measure;
  return `<section id="settings">
<h2>Settings and trials</h2>
<p>Measured in the same way for all arms: ${maxProblems === null ? 'all' : `the first ${maxProblems}`} held-out problems every ${everyIterations} iterations, greedy and with ${samples} samples at temperature ${temperature}. Arms differ in the settings of this table and in nothing else.</p>
${settings ? settingsHtml(settings) : ''}
<div class="texts">${tableHtml(armTable(study))}</div>
<div class="texts">${tableHtml(trialTable(study))}</div>
</section>`;
}

function settingsHtml({ shared, bases, overrides }: StudySettings): string {
  const texts = [
    ['All trials share', settingsText(shared)],
    ...Object.entries(bases).map(([name, own]) => [`Base ${name}`, settingsText(own)]),
    ['Set on the command line for all trials, over everything else', overrides.join('; ')],
  ];
  return texts
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `<p>${escapeHtml(`${name}: ${text}.`)}</p>`)
    .join('\n');
}
