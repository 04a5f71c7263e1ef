import { type CollapseSignals, type CollapseState, collapseStates } from '@mgrpo/algorithm';
import type { MetricsRecord } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';

/** The run after an iteration, judged by the records of all iterations up to it: no clock, no state of its own. */
export function collapseAfter(
  records: readonly MetricsRecord[],
  options: RunConfig['collapse'],
): CollapseState {
  const history = records.flatMap((record) =>
    record.kind === 'iteration' ? [signalsOf(record)] : [],
  );
  return collapseStates(history, options).at(-1) ?? { kind: 'healthy' };
}

/** The signals in a record; null where it has none, as those of earlier versions have. */
function signalsOf(record: MetricsRecord & { kind: 'iteration' }): CollapseSignals {
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  const part = (value: unknown, key: string) =>
    typeof value === 'object' && value !== null
      ? number((value as Readonly<Record<string, unknown>>)[key])
      : null;
  return {
    iteration: record.iteration,
    selfAgreement: number(record.selfAgreement),
    labelCollision: number(record.labelCollision),
    disagreement: number(record.disagreement),
    responseTokens: number(record.responseTokens),
    entropy: part(record.entropy, 'policy'),
    gradientNorm: part(record.step, 'gradientNorm'),
  };
}
