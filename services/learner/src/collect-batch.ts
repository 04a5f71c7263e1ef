import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { LearnJob, PayloadStore, ReceivedJob } from '@mgrpo/queues';
import { contracts, decodeStored, roleFromWire, type TrainingBatch } from '@mgrpo/rpc';
import { decodeRollouts, toWire } from '@mgrpo/service';
import type { Logger } from '@mgrpo/telemetry';
import { orderedVerdicts } from './ordered-verdicts.ts';

/** A complete batch, and what happens once the journal has it. */
export interface OfferedBatch {
  batch: TrainingBatch;
  timings: { addedAtMs: number; generatedAtMs: number; votedAtMs: number };
  /** Of the job that brought it: the batch may be applied in the course of another. */
  traceparent: string | null;
  /** The journal has the batch: its payloads may go from Redis. */
  journaled(): void;
}

/**
 * Everything an iteration trains on, from Redis: the verdicts of all its groups and the policy rollouts that
 * they were reached on, every payload checked against its hash.
 */
export async function collectBatch(
  { data, addedAtMs, children }: ReceivedJob<LearnJob>,
  options: { runId: string; numPrompts: number; payloads: PayloadStore; log: Logger },
): Promise<Omit<OfferedBatch, 'traceparent'>> {
  const { runId, numPrompts, payloads, log } = options;
  const { iteration, weightVersion } = data;
  if (data.runId !== runId) {
    throw new MgrpoError('INVALID_MESSAGE', `job of run ${data.runId}; this learner's is ${runId}`);
  }
  const refs = await children();
  const questions = await Promise.all(
    refs.map(async (ref) =>
      decodeStored(contracts.QuestionVerdict, await payloads.get(ref), ref.key),
    ),
  );
  const verdicts = questions.flatMap((question) => question.groups);
  const groups = orderedVerdicts(verdicts, { runId, iteration, weightVersion, numPrompts });
  const chunks = groups.flatMap((group) => group.chunks);
  const policyChunks = chunks.filter((chunk) => roleFromWire(chunk.role) === 'policy');
  const parts = await Promise.all(
    policyChunks.map(async (chunk) => decodeRollouts(await payloads.get(chunk), chunk.key)),
  );
  const rollouts = parts
    .flat()
    .sort((a, b) => a.prompt - b.prompt || a.firstRollout - b.firstRollout)
    .map(toWire);
  return {
    batch: { runId, iteration, weightVersion, groups, rollouts },
    timings: {
      addedAtMs,
      generatedAtMs: latest(refs.map((ref) => ref.generatedAtMs)),
      votedAtMs: latest(refs.map((ref) => ref.finishedAtMs)),
    },
    journaled: () => {
      const keys = [...refs.map((ref) => ref.key), ...chunks.map((chunk) => chunk.key)];
      payloads
        .unlink(keys)
        .catch((error) => log.warn({ error: messageOf(error) }, 'payloads stay until they expire'));
    },
  };
}

function latest(times: readonly (number | undefined)[]): number {
  return Math.max(0, ...times.map((time) => time ?? 0));
}
