import { MgrpoError } from '@mgrpo/errors';
import type { PayloadRef, PayloadStore, ReceivedJob, VoteJob } from '@mgrpo/queues';
import { contracts, encodeStored } from '@mgrpo/rpc';
import { decodeRollouts, judgeJob, type VoteOptions } from '@mgrpo/service';
import type { Metrics, Span } from '@mgrpo/telemetry';
import { countVerdict } from './count-verdict.ts';

/** Votes are short; several at once hide the trips to Redis. */
export const votesInHand = 16;

/** What a vote job is judged with. */
export interface Ballot {
  runId: string;
  payloads: PayloadStore;
  options: VoteOptions;
  metrics: Metrics<'groups' | 'groupSeconds' | 'droppedRollouts' | 'droppedGroups'>;
  span: Span;
}

/** Judges a question: takes its rollouts from Redis, leaves its verdicts there. */
export async function vote(
  { data, addedAtMs, children, signal }: ReceivedJob<VoteJob>,
  { runId, payloads, options, metrics, span }: Ballot,
): Promise<PayloadRef> {
  if (data.runId !== runId) {
    throw new MgrpoError('INVALID_MESSAGE', `job of run ${data.runId}; this voter's is ${runId}`);
  }
  const refs = await children();
  const rollouts = await Promise.all(
    refs.map(async (ref) => ({
      ...ref,
      parts: decodeRollouts(await payloads.get(ref), ref.key),
    })),
  );
  signal.throwIfAborted();
  const { verdicts, message } = judgeJob(data, rollouts, options);
  for (const verdict of verdicts) countVerdict(verdict, metrics);
  span.set({
    rollouts: verdicts.reduce((sum, { members }) => sum + members.length, 0),
    labels: verdicts.filter(({ label }) => label.kind !== 'none').length,
  });
  const ref = await payloads.put(data.key, encodeStored(contracts.QuestionVerdict, message));
  metrics.groupSeconds.observe((Date.now() - addedAtMs) / 1000);
  return { ...ref, generatedAtMs: Math.max(...refs.map((each) => each.finishedAtMs ?? 0)) };
}
