import type { CollapseState } from '@mgrpo/algorithm';
import type { RunStatus__Output } from '@mgrpo/rpc';
import { collapseText } from '../collapse-text.ts';
import { waitingFor } from './waiting-for.ts';

/** A run's status as one screen of text. Pure. */
export function statusText(status: RunStatus__Output): string {
  const { services, queues, activeJobs } = status;
  return [
    ...headLines(status),
    '',
    ...table(
      ['service', 'process', 'state', 'versions', 'jobs'],
      services.map((each) => [
        each.service,
        each.process,
        each.state,
        each.weightVersions.join(','),
        String(each.jobs),
      ]),
    ),
    '',
    ...table(
      ['queue', 'waiting', 'active', 'put off', 'blocked', 'failed'],
      queues.map((each) => [
        each.queue,
        ...[each.waiting, each.active, each.delayed, each.blocked, each.failed].map(String),
      ]),
    ),
    ...(activeJobs.length === 0 ? [] : ['', ...jobLines(activeJobs)]),
    '',
    ...deadlineLines(status),
  ].join('\n');
}

function headLines(status: RunStatus__Output): string[] {
  const { run, learner } = status;
  const applied = `${run?.appliedIterations ?? 0} of ${run?.totalIterations ?? 0} iterations applied`;
  const checkpoint = `newest checkpoint at ${learner?.checkpointedIterations ?? 0}`;
  const held = learner?.pendingIterations ?? [];
  return [
    `Run ${run?.runId}: ${run?.phase}; ${applied}; ${checkpoint}; learner epoch ${learner?.learnerEpoch ?? 0}`,
    ...waitingFor(status).map((what) => `Waits for ${what}`),
    ...(held.length > 0
      ? [`Held by the learner until their turn: iterations ${held.join(', ')}`]
      : []),
    `Collapse: ${suspicionOf(learner?.metricsJson ?? '')}`,
  ];
}

function suspicionOf(metricsJson: string): string {
  if (metricsJson === '') return 'no iteration yet';
  const { collapse } = JSON.parse(metricsJson) as { collapse: CollapseState };
  return collapseText(collapse) ?? 'not suspected';
}

/** As many jobs as fit on a screen with the rest. */
const jobsShown = 12;

function jobLines(jobs: RunStatus__Output['activeJobs']): string[] {
  const rows = jobs
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, jobsShown)
    .map((job) => [job.id, job.queue, job.process || 'unknown', `${job.seconds.toFixed(1)} s`]);
  const more = jobs.length - rows.length;
  return [
    ...table(['job', 'queue', 'held by', 'for'], rows),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

function deadlineLines({ deadlines }: RunStatus__Output): string[] {
  const shown = deadlines.map(({ name, valueMs, defaultMs }) => {
    const isDefault = valueMs === defaultMs;
    return `${name} ${valueMs}${isDefault ? '' : ` (default ${defaultMs})`}`;
  });
  return [`deployment.deadlines: ${shown.join(', ')}`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_title, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
