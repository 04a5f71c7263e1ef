import type { Role } from '@mgrpo/algorithm';
import type { Count, RoleCounts, RuleMeasure } from './measure-rule.ts';
import { type Phase, phases, type ReplayResult, type RuleReplay } from './replay.ts';

interface Column {
  readonly title: string;
  readonly text: (rule: RuleReplay) => string;
}

const thirds = ['first', 'second', 'last'] as const satisfies readonly Phase[];

/** What the columns count. */
const legend =
  'changed: labels other than recorded. flat: groups where the quartiles are equal, so that k says nothing. beyond: policy\n' +
  'and momentum rollouts beyond the fence, which lose their vote. unheard: what those would have voted, for the label or\n' +
  'against it. labels they would turn: by their votes.';

/** What the columns count that need gold answers. */
const goldLegend =
  'labels right: of those given. to / from right: changed labels that became right, or no longer are. right beyond,\n' +
  'right others: rollouts with the gold answer, policy and momentum, beyond the fence and not. sign right: advantages that are positive for a right rollout or negative for another. wrong\n' +
  'spared punishment: wrong policy rollouts against the label that do not train for lying beyond the fence.';

/** What a replay can't tell; it stands under every table. */
const caveat =
  'A counterfactual without retraining: labels and advantages that each rule would have given to the rollouts that were\n' +
  'sampled. Under another rule the policy would have moved elsewhere and sampled others, so this can tell what a rule\n' +
  'does to a group, not where a run would have ended.';

/** The result as text for people: the whole run, then its thirds. */
export function replayText(result: ReplayResult): string {
  const { title, iterations, groups, withGold, differing, rules, algorithm } = result;
  const known = withGold === groups ? 'gold answers known' : `gold answers known for ${withGold}`;
  const check =
    differing === 0
      ? 'judged again by the recorded rule, every label and outcome is as recorded'
      : `judged again by the recorded rule, ${differing} groups differ: the record is of another version of this program`;
  const byThird = withGold === 0 ? [] : [table('By thirds of the run', thirdColumns, rules), ''];
  return [
    `${title}: ${algorithm.method}, ${groups} groups of ${iterations} iterations, ${known}`,
    check,
    '',
    table('The whole run', withGold === 0 ? columns.filter(needsNoGold) : columns, rules),
    '',
    legend,
    ...(withGold === 0 ? [] : [goldLegend]),
    '',
    ...byThird,
    caveat,
    '',
  ].join('\n');
}

/** A line for each rule and part of the run, all counts, for spreadsheets. */
export function replayCsv({ rules }: ReplayResult): string {
  const rows = rules.flatMap((rule) =>
    phases.map((phase) => ({ rule: rule.name, phase, ...flat(rule.measures[phase]) })),
  );
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (row: Readonly<Record<string, unknown>>) =>
    names.map((name) => row[name] ?? '').join();
  return `${[names.join(), ...rows.map(line)].join('\n')}\n`;
}

/** Leaves by dotted path; null stays out. */
function flat(value: object): Record<string, unknown> {
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (inner === null) return [];
    if (typeof inner !== 'object') return [[key, inner]];
    return Object.entries(flat(inner)).map(([rest, leaf]) => [`${key}.${rest}`, leaf]);
  });
  return Object.fromEntries(entries);
}

const columns: readonly (Column & { readonly needsGold?: true })[] = [
  { title: 'rule', text: ({ title }) => title },
  {
    title: 'labels right',
    needsGold: true,
    text: ({ measures: { all } }) => percent(all.rightLabels),
  },
  { title: 'changed', text: ({ measures: { all } }) => `${all.changed}` },
  {
    title: 'to / from right',
    needsGold: true,
    text: ({ measures: { all } }) => `${all.changedToRight} / ${all.changedFromRight}`,
  },
  { title: 'flat', text: ({ measures: { all } }) => percent(all.flatFences) },
  { title: 'beyond: p / m', text: ({ measures: { all } }) => roles(all.beyond) },
  {
    title: 'right beyond: p / m',
    needsGold: true,
    text: ({ measures: { all } }) => roles(all.right?.beyond),
  },
  {
    title: 'right others: p / m',
    needsGold: true,
    text: ({ measures: { all } }) => roles(all.right?.others),
  },
  {
    title: 'unheard for / against',
    text: ({ measures: { all } }) => `${all.unheard.forLabel} / ${all.unheard.against}`,
  },
  { title: 'labels they would turn', text: ({ measures: { all } }) => `${all.silenced.labels}` },
  {
    title: 'sign right',
    needsGold: true,
    text: ({ measures: { all } }) => percent(all.training?.signRight),
  },
  {
    title: 'wrong spared punishment',
    needsGold: true,
    text: ({ measures: { all } }) => `${all.training?.spared.wrongPunished}`,
  },
];

const needsNoGold = ({ needsGold }: { readonly needsGold?: true }) => needsGold !== true;

const thirdColumns: readonly Column[] = [
  columns[0]!,
  column('labels right', ({ rightLabels }) => percent(rightLabels)),
  column('policy beyond', ({ beyond }) => percent(beyond.policy)),
  column('momentum beyond', ({ beyond }) => percent(beyond.momentum)),
  column('policy right', ({ right }) => percent(right && both(right, 'policy'))),
  column('momentum right', ({ right }) => percent(right && both(right, 'momentum'))),
  column('sign right', ({ training }) => percent(training?.signRight)),
];

function column(title: string, text: (measure: RuleReplay['measures'][Phase]) => string): Column {
  return {
    title,
    text: ({ measures }) => thirds.map((third) => text(measures[third]).padStart(5)).join(' '),
  };
}

/** The policy's share and the momentum model's. */
function roles(counts: RoleCounts | undefined): string {
  return `${percent(counts?.policy)} / ${percent(counts?.momentum)}`;
}

/** A role's rollouts on both sides of the fence. */
function both({ beyond, others }: NonNullable<RuleMeasure['right']>, role: Role): Count {
  const parts = [beyond[role], others[role]].filter((part) => part !== null);
  return {
    of: parts.reduce((sum, part) => sum + part.of, 0),
    count: parts.reduce((sum, part) => sum + part.count, 0),
  };
}

/** `97.5`, or a dash where there is nothing to count. */
function percent(count: Count | null | undefined): string {
  if (count === null || count === undefined || count.of === 0) return '-';
  return ((100 * count.count) / count.of).toFixed(1);
}

function table(heading: string, shown: readonly Column[], rules: readonly RuleReplay[]): string {
  const rows = [
    shown.map(({ title }) => title),
    ...rules.map((rule) => shown.map(({ text }) => text(rule))),
  ];
  const widths = shown.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd(),
  );
  return [`${heading} (shares in %)`, ...lines].join('\n');
}
