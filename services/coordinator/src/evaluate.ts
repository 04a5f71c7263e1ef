import type { EvaluateJob, PayloadStore, ReceivedJob } from '@mgrpo/queues';
import { decodeRollouts, type RolloutPart } from '@mgrpo/service';
import { type EvaluationPass, type PassScore, type Problem, scorePass } from './score.ts';

export interface EvaluateOptions {
  payloads: PayloadStore;
  problems: readonly Problem[];
  /** The canonical answer in response tokens, or null. */
  answerOf(tokens: Int32Array): string | null;
  /** The payload key of a part tells its temperature; the key's last field. */
  temperatures: readonly number[];
}

/** Scores the responses of an evaluation's jobs, one score for each temperature. */
export async function evaluate(
  { children, signal }: ReceivedJob<EvaluateJob>,
  { payloads, problems, answerOf, temperatures }: EvaluateOptions,
): Promise<PassScore[]> {
  const refs = await children();
  const parts = await Promise.all(
    refs.map(async (ref) => ({
      temperature: Number(ref.key.split(':').at(-1)),
      rollouts: decodeRollouts(await payloads.get(ref), ref.key),
    })),
  );
  // From here on payloads go, which whoever has the job next would miss.
  signal.throwIfAborted();
  const scores = temperatures.map((temperature) => {
    const ofPass = parts.filter((part) => part.temperature === temperature);
    return scorePass(
      passOf(
        temperature,
        ofPass.flatMap((part) => part.rollouts),
        answerOf,
      ),
      problems,
    );
  });
  await payloads.unlink(refs.map((ref) => ref.key));
  return scores;
}

function passOf(
  temperature: number,
  parts: readonly RolloutPart[],
  answerOf: (tokens: Int32Array) => string | null,
): EvaluationPass {
  const ordered = [...parts].sort((a, b) => a.prompt - b.prompt);
  const rollouts = ordered.flatMap((part) => part.rollouts);
  const tokens = rollouts.reduce((sum, rollout) => sum + rollout.tokens.length, 0);
  const entropy = rollouts.reduce((sum, rollout) => sum + meanOf(rollout.entropies), 0);
  return {
    temperature,
    answers: ordered.map((part) => part.rollouts.map((rollout) => answerOf(rollout.tokens))),
    entropy: entropy / rollouts.length,
    responseTokens: tokens / rollouts.length,
  };
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
