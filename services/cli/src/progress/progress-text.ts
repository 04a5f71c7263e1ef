import { collapseText } from '../collapse-text.ts';
import type { IterationView, TrainingLog } from '../training-log.ts';
import { sparkLine } from './spark-line.ts';

/** What the progress of a run is drawn from. */
export interface ProgressView {
  readonly log: TrainingLog;
  /** Iterations of the whole run. */
  readonly total: number;
}

const sparkWidth = 30;
/** Iterations over which the rate is taken: recent enough to follow a change, enough to be calm. */
const rateWindow = 20;

/** The block that a terminal shows and redraws, lines cut to `width`. */
export function progressBlock({ log, total }: ProgressView, width: number): string[] {
  const last = log.iterations.at(-1);
  const done = last === undefined ? 0 : last.iteration + 1;
  const lines = [
    `iteration   ${done}/${total}  ${bar(done / total)}  ${timeLeftText({ log, total })}`,
    curve('validation', validationText(log), greedyCurve(log), [0, 1]),
  ];
  if (last === undefined) return lines.map((line) => line.slice(0, width));
  const history = (of: (view: IterationView) => number | null) =>
    log.iterations.map(of).filter((value) => value !== null);
  lines.push(
    curve(
      'reward',
      fixed(last.reward),
      history((v) => v.reward),
      [0, 1],
    ),
    curve(
      'vote share',
      fixed(last.voteShare),
      history((v) => v.voteShare),
      [0, 1],
    ),
    curve(
      'entropy',
      `${fixed(last.entropy.policy)} nats`,
      history((v) => v.entropy.policy),
    ),
    `dropped     ${droppedText(last)}`,
    `time        ${secondsText(meanSeconds(log))}`,
    ...warningOf(last, 'collapse    '),
  );
  return lines.map((line) => line.slice(0, width));
}

/** One line for an iteration, where the output is no terminal. */
export function iterationLine({ log, total }: ProgressView): string {
  const last = log.iterations.at(-1);
  if (last === undefined) return '';
  return [
    `iteration ${last.iteration + 1}/${total}`,
    `reward ${fixed(last.reward)}`,
    `vote share ${fixed(last.voteShare)}`,
    `entropy ${fixed(last.entropy.policy)}`,
    `dropped ${droppedText(last)}`,
    secondsText(last.seconds),
    timeLeftText({ log, total }),
    ...warningOf(last, 'collapse '),
  ].join(' · ');
}

/** The warning of a run that is suspected to collapse, if it is. */
function warningOf({ collapse }: IterationView, label: string): string[] {
  const text = collapseText(collapse);
  return text === null ? [] : [label + text];
}

/** One line for an evaluation, with the curve so far. */
export function evaluationLine({ log }: ProgressView): string {
  const curveText = sparkLine(greedyCurve(log), { width: sparkWidth, range: [0, 1] });
  const version = log.evaluations.at(-1)?.version ?? 0;
  return `validation after ${version} iterations: ${validationText(log)}  ${curveText}`;
}

/** `1 h 02 min`, `3 min 05 s`, `12 s`. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  if (minutes > 0) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${whole} s`;
}

function curve(
  label: string,
  text: string,
  values: readonly number[],
  range?: readonly [number, number],
): string {
  const line = sparkLine(values, { width: sparkWidth, ...(range ? { range } : {}) });
  return `${label.padEnd(11)} ${text.padEnd(34)} ${line}`.trimEnd();
}

function bar(share: number): string {
  const filled = Math.round(Math.min(share, 1) * 24);
  return '█'.repeat(filled) + '░'.repeat(24 - filled);
}

const greedyCurve = (log: TrainingLog): number[] =>
  log.evaluations.map((evaluation) => evaluation.greedy).filter((value) => value !== null);

/** `31.2 % → 87.9 %, best 88.3 %`, of the greedy answers. */
function validationText(log: TrainingLog): string {
  const values = greedyCurve(log);
  const [first, last] = [values[0], values.at(-1)];
  if (first === undefined || last === undefined) return 'not yet';
  if (values.length === 1) return `${percent(first)} at the start`;
  return `${percent(first)} → ${percent(last)}, best ${percent(Math.max(...values))}`;
}

function droppedText({ dropped }: IterationView): string {
  const total = [...dropped.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return '0';
  const reasons = [...dropped].filter(([, count]) => count > 0);
  return `${total} (${reasons.map(([reason, count]) => `${reason} ${count}`).join(', ')})`;
}

function secondsText(seconds: IterationView['seconds']): string {
  const { total, generate, vote, learn, other } = seconds;
  const parts = { generate, vote, learn, other };
  const text = Object.entries(parts).map(([phase, value]) => `${phase} ${value.toFixed(2)}`);
  return `${total.toFixed(2)} s/iteration (${text.join(' + ')})`;
}

function meanSeconds(log: TrainingLog): IterationView['seconds'] {
  const recent = log.iterations.slice(-rateWindow);
  const mean = (of: (view: IterationView) => number) =>
    recent.reduce((sum, view) => sum + of(view), 0) / recent.length;
  return {
    total: mean((view) => view.seconds.total),
    generate: mean((view) => view.seconds.generate),
    vote: mean((view) => view.seconds.vote),
    learn: mean((view) => view.seconds.learn),
    other: mean((view) => view.seconds.other),
  };
}

function timeLeftText({ log, total }: ProgressView): string {
  const done = (log.iterations.at(-1)?.iteration ?? -1) + 1;
  if (done === 0) return 'starting';
  if (done >= total) return 'done';
  return `${durationText((total - done) * meanSeconds(log).total)} left`;
}

const fixed = (value: number | null): string => (value === null ? '-' : value.toFixed(3));

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
