import { weightsSha256 } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import type { TrainingBatch__Output } from '@mgrpo/rpc';
import { chooseDevice } from '@mgrpo/runtime';
import { trainingSequences } from '@mgrpo/service';
import { iterationSchedule, runTrainerInit, TrainingEngine } from '@mgrpo/training';
import type { RecordedRun } from './recorded-run.ts';

/** What training an iteration again brings to light. */
export interface Retrained {
  /** The version that the iteration sampled with, of both models (flat weights). */
  readonly sampled: { readonly policy: Float32Array; readonly momentum: Float32Array };
  /** SHA-256 of the policy that sampled, and of the policy after the iteration. */
  readonly sampledSha256: string;
  readonly appliedSha256: string;
  readonly batch: TrainingBatch__Output;
  /** Where training began: the base model is 0. */
  readonly fromIteration: number;
}

/**
 * Trains on the journal's batches from the newest checkpoint before the iteration's weight version, or from the
 * base model, up to and with the iteration.
 *
 * @param onApplied told of each iteration trained again
 * @throws MgrpoError NOT_FOUND when the journal does not reach so far
 */
export async function retrain(
  run: RecordedRun,
  iteration: number,
  onApplied: (applied: number) => void,
): Promise<Retrained> {
  const { config, model } = run;
  const version = Math.max(0, iteration - config.lag);
  const checkpoints = run.folder.lookAtCheckpoints({
    configJson: model.configJson,
    adapter: config.algorithm.adapter,
    tokenizerFolder: config.model.path,
  });
  const checkpoint = await checkpoints.newest(version).catch(() => null);
  const { device } = await chooseDevice(run.deviceOf('learner'));
  const base = { ...model, weights: model.weights.slice() };
  const engine = await TrainingEngine.start({
    ...runTrainerInit(config, base, checkpoint?.state ?? null),
    device,
  });
  try {
    const fromIteration = checkpoint?.state.iterations ?? 0;
    let sampled = version === fromIteration ? await engine.weights() : null;
    for await (const batch of run.batches(fromIteration)) {
      await engine.step({
        prompts: trainingSequences(batch),
        ...iterationSchedule(batch.iteration, config.iterations, config.algorithm),
      });
      const applied = batch.iteration + 1;
      onApplied(applied);
      if (applied === version) sampled = await engine.weights();
      if (batch.iteration === iteration && sampled !== null) {
        const sampledSha256 = weightsSha256(sampled.policy);
        const appliedSha256 = weightsSha256((await engine.weights()).policy);
        return { sampled, sampledSha256, appliedSha256, batch, fromIteration };
      }
    }
  } finally {
    await engine.close();
  }
  throw new MgrpoError(
    'NOT_FOUND',
    `the journal of ${run.folder.path} ends before iteration ${iteration}; iterations count from 0`,
  );
}
