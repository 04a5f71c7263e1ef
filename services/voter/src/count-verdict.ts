import type { GroupVerdict } from '@mgrpo/algorithm';
import type { Metrics } from '@mgrpo/telemetry';

/** Adds a verdict to the voter's metrics. */
export function countVerdict(
  { members, signal }: GroupVerdict,
  metrics: Metrics<'groups' | 'droppedRollouts' | 'droppedGroups'>,
): void {
  metrics.groups.inc();
  if (signal.kind === 'none') metrics.droppedGroups.inc({ reason: signal.reason });
  for (const { role, outcome } of members) {
    if (outcome.kind === 'dropped') metrics.droppedRollouts.inc({ role, reason: outcome.reason });
  }
}
