import { escapeHtml } from '@mgrpo/charts';
import { collapseText } from '../collapse-text.ts';
import { durationText } from '../progress/progress-text.ts';
import type { RunSummary } from '../summary.ts';
import type { IterationView, TrainingLog } from '../training-log.ts';
import { type LineChart, lineChartHtml, type Series } from './line-chart.ts';
import { reportScript, reportStyle } from './page-parts.ts';

export interface ReportOptions {
  /** Names the run: its folder. */
  readonly name: string;
  readonly log: TrainingLog;
  readonly summary: RunSummary;
  /** The resolved configuration without secrets. */
  readonly config: unknown;
}

/** The report of a run: one HTML page with everything in it, so it opens anywhere without a network. */
export function reportHtml({ name, log, summary, config }: ReportOptions): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)} · M-GRPO</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<h1>${escapeHtml(name)}</h1>
<p>M-GRPO: reinforcement learning from the model's own agreement, without labels.</p>
</header>
<section class="facts">
${facts(summary).map(factHtml).join('\n')}
</section>
<main>
${charts(log).map(lineChartHtml).join('\n')}
</main>
<details><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>
<footer>sha256 of the weights <code>${escapeHtml(summary.weightsSha256 ?? 'none yet')}</code></footer>
<script>${reportScript}</script>
</body>
</html>
`;
}

type Fact = readonly [label: string, value: string, note: string];

function facts(summary: RunSummary): Fact[] {
  const { iterations, outcome, seconds, secondsByPhase } = summary;
  const { baseValidation, bestValidation, bestIteration, finalValidation } = summary;
  const phases = Object.entries(secondsByPhase).map(([phase, part]) => {
    return `${phase} ${seconds > 0 ? Math.round((100 * part) / seconds) : 0} %`;
  });
  const validation: Fact[] =
    finalValidation === null
      ? []
      : [
          [
            'greedy accuracy',
            `${percent(baseValidation)} → ${percent(finalValidation)}`,
            `best ${percent(bestValidation)} after ${bestIteration} iterations`,
          ],
        ];
  return [
    ...validation,
    ['iterations', String(iterations), outcome],
    collapseFact(summary),
    ['wall time', durationText(seconds), phases.join(', ')],
  ];
}

/** What the sentinel says, without gold labels. */
function collapseFact({ collapse }: RunSummary): Fact {
  const { firstSuspected } = collapse;
  if (firstSuspected === null) return ['collapse', 'not suspected', 'judged without labels'];
  const now = collapseText(collapse) ?? 'no longer suspected at the end';
  return ['collapse', 'suspected', `first after iteration ${firstSuspected + 1}; ${now}`];
}

function factHtml([label, value, note]: Fact): string {
  return `<div><h3>${escapeHtml(label)}</h3><strong>${escapeHtml(value)}</strong><p>${escapeHtml(note)}</p></div>`;
}

function charts(log: TrainingLog): LineChart[] {
  const curve = (name: string, of: (view: IterationView) => number | null): Series => ({
    name,
    points: log.iterations.flatMap((view) => {
      const value = of(view);
      return value === null ? [] : [[view.iteration + 1, value] as const];
    }),
  });
  return [validationChart(log), ...agreementCharts(curve), ...trainingCharts(curve)];
}

function validationChart({ evaluations }: TrainingLog): LineChart {
  const greedy = evaluations.flatMap(({ version, greedy: accuracy }) =>
    accuracy === null ? [] : [[version, accuracy] as const],
  );
  const sampled = evaluations.flatMap(({ version, sampled: pass }) =>
    pass === null ? [] : [[version, pass.accuracy] as const],
  );
  return {
    title: 'Validation accuracy',
    note: 'Share of held-out problems answered right. Their gold answers are read here only, never in training.',
    series: [
      { name: 'greedy', points: greedy },
      { name: 'sampled', points: sampled, isFaint: true },
    ],
    range: [0, 1],
  };
}

type CurveOf = (name: string, of: (view: IterationView) => number | null) => Series;

function agreementCharts(curve: CurveOf): LineChart[] {
  return [
    {
      title: 'Agreement',
      note: 'Mean reward and share of the votes for the pseudo-label. The top label share is near 1 when every prompt gets the same answer: collapse.',
      series: [
        curve('reward', (view) => view.reward),
        curve('vote share', (view) => view.voteShare),
        { ...curve('top label share', (view) => view.topLabelShare), isFaint: true },
      ],
      range: [0, 1],
    },
    {
      title: 'Signs of collapse',
      note: 'Read without labels: pairs of prompts with the same answer, and prompts where policy and momentum model differ. A rise is a sign. The faint line is 1 where the run was suspected.',
      series: [
        curve('same answer', (view) => view.labelCollision),
        curve('roles differ', (view) => view.disagreement),
        {
          ...curve('suspected', (view) => Number(view.collapse.kind === 'suspected')),
          isFaint: true,
        },
      ],
      range: [0, 1],
    },
    {
      title: 'Trajectory entropy (nats)',
      note: 'How undecided the models are while they sample. An early fall announces collapse.',
      series: [
        curve('policy', (view) => view.entropy.policy),
        curve('momentum', (view) => view.entropy.momentum),
      ],
      range: [0, null],
    },
    {
      title: 'Dropped rollouts',
      note: 'Rollouts that neither vote nor train, in each iteration.',
      series: [
        curve('low entropy', (view) => view.dropped.get('low-entropy') ?? 0),
        curve('no answer', (view) => view.dropped.get('no-answer') ?? 0),
      ],
      range: [0, null],
    },
  ];
}

function trainingCharts(curve: CurveOf): LineChart[] {
  return [
    {
      title: 'Response length (tokens)',
      note: 'Mean of the policy rollouts.',
      series: [curve('tokens', (view) => view.responseTokens)],
      range: [0, null],
    },
    {
      title: 'Gradient norm',
      note: 'Global norm before clipping.',
      series: [curve('gradient norm', (view) => view.gradientNorm)],
      range: [0, null],
    },
    {
      title: 'Loss and KL (nats)',
      note: 'Clipped surrogate plus KL term, and the KL estimate to the reference.',
      series: [curve('loss', (view) => view.loss), curve('KL', (view) => view.kl)],
    },
    {
      title: 'Seconds per iteration',
      note: 'Wall time by phase.',
      series: [
        curve('generate', (view) => view.seconds.generate),
        curve('vote', (view) => view.seconds.vote),
        curve('learn', (view) => view.seconds.learn),
        curve('other', (view) => view.seconds.other),
      ],
      range: [0, null],
    },
  ];
}

const percent = (share: number | null): string =>
  share === null ? '-' : `${(share * 100).toFixed(1)} %`;
