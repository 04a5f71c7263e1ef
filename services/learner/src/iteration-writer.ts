import type { CollapseState } from '@mgrpo/algorithm';
import type { MetricsRecord } from '@mgrpo/checkpoint';
import type { TrainingBatch__Output } from '@mgrpo/rpc';
import type { TrainStats } from '@mgrpo/training';
import { collapseAfter } from './collapse-watch.ts';
import type { OfferedBatch } from './collect-batch.ts';
import { logSkip, skippedInARow } from './divergence.ts';
import { type MeasuredIteration, measuredIteration } from './iteration-record.ts';
import { secondsOf } from './iteration-seconds.ts';
import type { LearnerOptions } from './learner-options.ts';
import { type BothModels, WeightVersions } from './weight-versions.ts';

/** An iteration that the engine has stepped through. */
export interface SteppedIteration {
  readonly batch: TrainingBatch__Output;
  readonly train: TrainStats;
  readonly measured: MeasuredIteration;
  /** The run after it. */
  readonly collapse: CollapseState;
  /** When the batch's parts were made; a replay has none. */
  readonly timings: OfferedBatch['timings'] | undefined;
  /** By `performance.now()`. */
  readonly startedAtMs: number;
}

/** Writes what follows from a step: weight versions and the iteration's line of the metrics. */
export class IterationWriter {
  readonly #options: LearnerOptions;
  readonly #versions: WeightVersions;
  #sha256 = { policy: '', momentum: '' };
  /** By `performance.now()`. */
  #lastWrittenAtMs = performance.now();

  constructor(options: LearnerOptions) {
    this.#options = options;
    this.#versions = new WeightVersions(options);
  }

  /** Of the newest published weights. */
  get sha256(): { readonly policy: string; readonly momentum: string } {
    return this.#sha256;
  }

  /** Publishes what is on disk of the versions `from` to `end - 1`. */
  publishStored(from: number, end: number): Promise<void> {
    return this.#versions.publishStored(from, end);
  }

  async publish(version: number, weights: BothModels): Promise<void> {
    this.#sha256 = await this.#versions.publish(version, weights);
  }

  /** The time since then is the next iteration's. */
  startClock(): void {
    this.#lastWrittenAtMs = performance.now();
  }

  /** What a step says of its iteration and of the run, judged by the records before it, which must be complete. */
  judge(
    batch: TrainingBatch__Output,
    train: TrainStats,
  ): Pick<SteppedIteration, 'measured' | 'collapse'> {
    const { schedule, entropySource, collapse } = this.#options;
    const before = this.recordsUpTo(batch.iteration);
    const measured = measuredIteration(batch, train, {
      skippedInARow: skippedInARow(before, train),
      entropySource,
      ...schedule(batch.iteration),
    });
    return { measured, collapse: collapseAfter([...before, measured], collapse) };
  }

  /** Adds the iteration's line to the metrics, once its weights are published. */
  async record({
    batch,
    train,
    measured,
    collapse,
    timings,
    startedAtMs,
  }: SteppedIteration): Promise<void> {
    const { metrics, gauges, log } = this.#options;
    const at = { startedAtMs, lastAppliedAtMs: this.#lastWrittenAtMs, nowMs: performance.now() };
    const parts = train.kind === 'trained' ? { train: train.seconds } : {};
    const seconds = { ...secondsOf(timings, at), ...parts };
    this.startClock();
    const record = { ...measured, policySha256: this.#sha256.policy, seconds, collapse };
    await metrics.append(record);
    gauges.iteration(record, batch);
    const { iteration, skippedSteps } = record;
    for (const skip of skippedSteps) logSkip(log, iteration, skip);
  }

  /** Records of the iterations before `iteration`; a replay has those after it too. */
  recordsUpTo(iteration: number): MetricsRecord[] {
    return this.#options.metrics.records.filter(
      (record) => record.kind === 'iteration' && record.iteration < iteration,
    );
  }
}
