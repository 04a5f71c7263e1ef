import type { GroupVerdict } from '@mgrpo/algorithm';
import type { Metrics } from '@mgrpo/telemetry';

/** Adds a verdict to the voter's metrics. */
export function countVerdict(
  { label, members, signal }: GroupVerdict,
  metrics: Metrics<'droppedRollouts' | 'droppedGroups' | 'voteShare'>,
): void {
  if (label.kind === 'majority') metrics.voteShare.set(label.share);
  if (signal.kind === 'none') metrics.droppedGroups.inc({ reason: signal.reason });
  for (const { role, outcome } of members) {
    if (outcome.kind === 'dropped') metrics.droppedRollouts.inc({ role, reason: outcome.reason });
  }
}
