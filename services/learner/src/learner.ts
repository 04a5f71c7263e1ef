import { basename } from 'node:path';
import { type CollapseState, maxSkippedInARow } from '@mgrpo/algorithm';
import { bytesOf, type CheckpointState, type MetricsRecord, runFiles } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import { faultPoint } from '@mgrpo/faults';
import {
  contracts,
  decodeStored,
  encodeStored,
  type LearnerState,
  type TrainingBatch__Output,
  type WeightVersion,
} from '@mgrpo/rpc';
import { Broadcast, trainingSequences } from '@mgrpo/service';
import type { TrainingSequence, TrainStats } from '@mgrpo/training';
import { collapseAfter } from './collapse-watch.ts';
import type { OfferedBatch } from './collect-batch.ts';
import { logSkip, skippedInARow, skippedInARowAfter } from './divergence.ts';
import { iterationRecord } from './iteration-record.ts';
import { secondsOf } from './iteration-seconds.ts';
import type { LearnerOptions } from './learner-options.ts';

/** A batch that waits for its turn, with all that can be made ready before. */
interface PreparedBatch {
  readonly offered: OfferedBatch;
  /** Of the journal's record. */
  readonly bytes: Uint8Array;
  readonly record: TrainingBatch__Output;
  readonly prompts: readonly (readonly TrainingSequence[])[];
}

/**
 * The only writer of weights.
 *
 * The order of a step: batch complete -> journal with fsync -> optimiser step and EMA -> versions on disk ->
 * publish -> metrics -> checkpoint. The journal is the truth: a learner killed anywhere replays it from the
 * newest checkpoint. A step that fails half-way leaves the engine in an unknown state, so it is fatal: the
 * process ends and its successor replays.
 */
export class Learner {
  readonly states = new Broadcast<LearnerState>();
  readonly #options: LearnerOptions;
  readonly #pending = new Map<number, PreparedBatch>();
  #applied: number;
  #checkpointed: number;
  #phase = 'replaying';
  /** A suspicion of collapse or steps that are not finite have ended the run: nothing more is applied. */
  #isHalted = false;
  #sha256 = { policy: '', momentum: '' };
  /** By `performance.now()`. */
  #lastAppliedAtMs = performance.now();
  /** Everything that changes the state runs one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LearnerOptions) {
    this.#options = options;
    this.#applied = options.applied;
    this.#checkpointed = options.applied;
  }

  get applied(): number {
    return this.#applied;
  }

  /** Publishes the weights the engine has and applies what the journal has beyond them. */
  async replay(): Promise<void> {
    const { journal, tracer } = this.#options;
    const attributes = { from: this.#applied, to: journal.nextIteration };
    await tracer.span('replay', { parent: null, attributes }, () => this.#replay());
  }

  async #replay(): Promise<void> {
    const { journal, lag, log } = this.#options;
    const last = journal.nextIteration;
    this.#setPhase('replaying');
    await this.#publishStored(last - lag);
    if (this.#applied >= last - lag) await this.#publishWeights();
    if (last > this.#applied) log.info({ from: this.#applied, to: last }, 'replaying the journal');
    while (this.#applied < last) {
      const bytes = await journal.read(this.#applied);
      const what = `journal record of iteration ${this.#applied}`;
      const batch = decodeStored(contracts.TrainingBatch, bytes, what);
      // Only the versions that a job may still ask for are worth sending.
      await this.#apply(
        batch,
        trainingSequences(batch),
        undefined,
        this.#applied + 1 >= last - lag,
      );
    }
    this.#lastAppliedAtMs = performance.now();
    await this.#options.folder.setResult(null);
    await this.#haltIfDue(collapseAfter(this.#recordsUpTo(last), this.#options.collapse));
    await this.#haltIfDiverged(skippedInARowAfter(this.#recordsUpTo(last)));
    this.#setPhase(this.#isHalted ? 'halted' : 'waiting');
  }

  /**
   * Takes a complete batch. The next iteration's is journaled and applied before this returns; an earlier one
   * has been applied already; a later one, or any after a halt, is held until its turn.
   */
  async offer(offered: OfferedBatch): Promise<void> {
    const iteration = offered.batch.iteration ?? 0;
    if (iteration < this.#applied) return offered.journaled();
    // With a lag this is done beside the step before.
    this.#pending.set(iteration, prepare(offered));
    this.#publishState();
    await this.#exclusively(async () => {
      for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) {
        await this.#journalAndApply(next);
      }
    });
  }

  /** Adds an evaluation to the metrics; false when the version has one. */
  async recordEvaluation(version: number, evaluation: Record<string, unknown>): Promise<boolean> {
    return await this.#exclusively(async () => {
      const record = { ...evaluation, kind: 'evaluation' as const, version };
      const isNew = await this.#options.metrics.append(record);
      this.#options.gauges.evaluation(record);
      this.#publishState();
      return isNew;
    });
  }

  /** Keeps a job that nobody can do in the run folder; returns where. */
  async quarantine(name: string, job: Record<string, unknown>): Promise<string> {
    this.#options.log.error({ job: name }, 'a job that nobody can do is put into quarantine');
    return await this.#options.folder.quarantine(name, job);
  }

  /** Writes a checkpoint of the newest weights. */
  async checkpoint(): Promise<{ folder: string; iterations: number }> {
    return await this.#exclusively(() => this.#saveCheckpoint());
  }

  /** Waits for the step under way. Batches that come later are made again after a restart. */
  async drain(): Promise<void> {
    this.#setPhase('draining');
    await this.#queue;
    // With the batches and evaluations since the newest checkpoint.
    await this.#exclusively(() => this.#backUp());
    this.states.close();
  }

  get state(): LearnerState {
    const { runId, epoch, total, metrics } = this.#options;
    const newest = metrics.records.findLast((record) => record.kind === 'iteration');
    return {
      runId,
      learnerEpoch: epoch,
      appliedIterations: this.#applied,
      totalIterations: total,
      policySha256: this.#sha256.policy,
      momentumSha256: this.#sha256.momentum,
      evaluatedVersions: metrics.records.flatMap((record) =>
        record.kind === 'evaluation' ? [record.version] : [],
      ),
      metricsJson: newest === undefined ? '' : JSON.stringify(newest),
      checkpointedIterations: this.#checkpointed,
      phase: this.#phase,
      pendingIterations: [...this.#pending.keys()],
      fingerprint: this.#options.fingerprint,
    };
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    // What failed here fails for its caller; the next in line is not concerned.
    this.#queue = result.catch(() => {});
    return result;
  }

  #takeNext(): PreparedBatch | undefined {
    if (this.#isHalted) return undefined;
    for (const iteration of this.#pending.keys()) {
      if (iteration < this.#applied) this.#pending.delete(iteration);
    }
    const next = this.#pending.get(this.#applied);
    this.#pending.delete(this.#applied);
    return next;
  }

  async #journalAndApply(prepared: PreparedBatch): Promise<void> {
    const { tracer } = this.#options;
    const span = { iteration: this.#applied, parent: prepared.offered.traceparent };
    await tracer.span('apply', span, () => this.#journalThenApply(prepared));
  }

  async #journalThenApply({ offered, bytes, record, prompts }: PreparedBatch): Promise<void> {
    const { journal, tracer, onFatal } = this.#options;
    try {
      faultPoint('before-journal');
      await tracer.span('journal', { attributes: { bytes: bytes.length } }, () =>
        journal.append(this.#applied, bytes),
      );
      faultPoint('after-journal');
      offered.journaled();
      await this.#apply(record, prompts, offered.timings, true);
    } catch (error) {
      onFatal(error);
      throw error;
    }
    this.#setPhase(this.#isHalted ? 'halted' : 'waiting');
  }

  async #apply(
    batch: TrainingBatch__Output,
    prompts: readonly (readonly TrainingSequence[])[],
    timings: OfferedBatch['timings'] | undefined,
    isPublished: boolean,
  ): Promise<void> {
    if (batch.iteration !== this.#applied || batch.runId !== this.#options.runId) {
      throw new MgrpoError(
        'CORRUPT',
        `expected iteration ${this.#applied} of run ${this.#options.runId}, got ${batch.iteration} of ${batch.runId}`,
      );
    }
    this.#setPhase(timings === undefined ? 'replaying' : 'stepping');
    const startedAtMs = performance.now();
    const step = await this.#step(batch.iteration, prompts);
    faultPoint('after-step');
    this.#applied += 1;
    if (isPublished) await this.#publishWeights();
    const at = { startedAtMs, lastAppliedAtMs: this.#lastAppliedAtMs, nowMs: performance.now() };
    const seconds = secondsOf(timings, at);
    this.#lastAppliedAtMs = performance.now();
    const { metrics, gauges, schedule, checkpointEvery, total, entropySource, log } = this.#options;
    const policySha256 = this.#sha256.policy;
    const before = this.#recordsUpTo(batch.iteration);
    const context = {
      seconds,
      policySha256,
      skippedInARow: skippedInARow(before, step),
      entropySource,
      ...schedule(batch.iteration),
    };
    const measured = iterationRecord(batch, step, context);
    const collapse = collapseAfter([...before, measured], this.#options.collapse);
    const record = { ...measured, collapse };
    await metrics.append(record);
    gauges.iteration(record, batch);
    const { iteration, skippedSteps } = record;
    for (const skip of skippedSteps) logSkip(log, iteration, skip);
    if (this.#applied % checkpointEvery === 0 || this.#applied === total)
      await this.#saveCheckpoint();
    // What a replay meets on its way did not stop the run then.
    if (timings !== undefined) {
      await this.#haltIfDue(collapse);
      await this.#haltIfDiverged(record.skippedInARow);
    }
    this.#publishState();
  }

  #step(iteration: number, prompts: readonly (readonly TrainingSequence[])[]): Promise<TrainStats> {
    const { engine, schedule, tracer } = this.#options;
    return tracer.span('step', { iteration }, async (span) => {
      const stats = await engine.step({ prompts, ...schedule(iteration) });
      if (stats.kind === 'trained') {
        const { reference, gradients, update } = stats.seconds;
        span.set({
          steps: stats.steps.length,
          reference_seconds: reference,
          gradients_seconds: gradients,
          update_seconds: update,
        });
      }
      return stats;
    });
  }

  /** Records of the iterations before `iteration`; a replay has those after it too. */
  #recordsUpTo(iteration: number): MetricsRecord[] {
    return this.#options.metrics.records.filter(
      (record) => record.kind === 'iteration' && record.iteration < iteration,
    );
  }

  /**
   * Ends the run at a suspicion, where the configuration wants it: `pause` at a checkpoint of the newest weights;
   * `rollback` with the newest checkpoint from before the suspicion as the run's result. Nothing is taken back:
   * journal, records and checkpoints stay, so the run can go on from here.
   */
  async #haltIfDue(state: CollapseState): Promise<void> {
    const { collapse, total, checkpoints, folder, log } = this.#options;
    const { onCollapse } = collapse;
    if (state.kind === 'healthy' || onCollapse === 'warn') return;
    if (onCollapse === 'pause') {
      if (this.#applied === total) return;
      await this.#saveCheckpoint();
    } else {
      const { since, reasons } = state;
      const checkpoint = await checkpoints.newestFolder(since);
      await folder.setResult({
        kind: 'rolled-back',
        checkpoint: checkpoint === null ? null : `${runFiles.checkpoints}/${basename(checkpoint)}`,
        suspectedSince: since,
        iterations: this.#applied,
        reasons,
      });
    }
    log.warn({ ...state, onCollapse }, 'collapse suspected: the run ends here');
    this.#isHalted = true;
    // With the iteration's count, so that nobody starts the next one in between.
    this.#setPhase('halted');
  }

  /** Ends the run where no step can be made any more, with a checkpoint of the last weights that are numbers. */
  async #haltIfDiverged(inARow: number): Promise<void> {
    const { log, total } = this.#options;
    if (inARow < maxSkippedInARow || this.#isHalted || this.#applied === total) return;
    await this.#saveCheckpoint();
    log.error({ inARow }, 'steps in a row are not finite: the run ends here');
    this.#isHalted = true;
    this.#setPhase('halted');
  }

  /** Versions before the checkpoint that a job may still ask for, with a lag, are on disk alone. */
  async #publishStored(from: number): Promise<void> {
    const { versions, publisher, runId, epoch } = this.#options;
    for (let version = Math.max(0, from); version < this.#applied; version++) {
      const read = async (role: 'policy' | 'momentum') => {
        const { weights, sha256 } = await versions.read(role, version);
        return sentVersion(role, { version, runId, epoch, sha256, flat: weights });
      };
      // One that is lost or damaged can't be made again from a later checkpoint; workers may hold it.
      const both = await Promise.all([read('policy'), read('momentum')]).catch(() => null);
      if (both !== null) publisher.publish({ policy: both[0], momentum: both[1] });
    }
  }

  async #publishWeights(): Promise<void> {
    const { tracer } = this.#options;
    await tracer.span('publish', { attributes: { version: this.#applied } }, ({ traceparent }) =>
      this.#publishAs(traceparent),
    );
  }

  async #publishAs(traceparent: string | null): Promise<void> {
    const { engine, versions, publisher, gauges, runId, epoch } = this.#options;
    const weights = await engine.weights();
    const version = this.#applied;
    const put = (role: 'policy' | 'momentum') => versions.put(role, version, weights[role]);
    const [policy, momentum] = await Promise.all([put('policy'), put('momentum')]);
    this.#sha256 = { policy, momentum };
    const sent = (role: 'policy' | 'momentum') =>
      sentVersion(role, { version, runId, epoch, sha256: this.#sha256[role], flat: weights[role] });
    publisher.publish({ policy: sent('policy'), momentum: sent('momentum') }, traceparent);
    gauges.published(version);
  }

  #saveCheckpoint(): Promise<{ folder: string; iterations: number }> {
    const { tracer } = this.#options;
    return tracer.span('checkpoint', {}, () => this.#writeCheckpoint());
  }

  async #writeCheckpoint(): Promise<{ folder: string; iterations: number }> {
    const { engine, checkpoints, gauges, log } = this.#options;
    const state: CheckpointState = { ...(await engine.snapshot()), iterations: this.#applied };
    const folder = await checkpoints.save(state);
    this.#checkpointed = this.#applied;
    gauges.checkpoint(this.#applied, Date.now());
    log.info({ folder }, 'checkpoint');
    await this.#backUp();
    return { folder, iterations: this.#applied };
  }

  #backUp(): Promise<void> {
    const checkpoint = this.#checkpointed === 0 ? null : this.#checkpointed;
    return this.#options.backUp({ iterations: this.#applied, checkpoint });
  }

  #setPhase(phase: string): void {
    this.#phase = phase;
    this.#publishState();
  }

  #publishState(): void {
    this.states.publish(this.state);
  }
}

/** @throws MgrpoError when nothing can be trained on it: it must not enter the journal, where every replay would fail */
function prepare(offered: OfferedBatch): PreparedBatch {
  const bytes = encodeStored(contracts.TrainingBatch, offered.batch);
  // What is applied is what the journal says, so that a replay can't differ.
  const record = decodeStored(contracts.TrainingBatch, bytes, 'the batch to journal');
  return { offered, bytes, record, prompts: trainingSequences(record) };
}

function sentVersion(
  role: 'policy' | 'momentum',
  of: { version: number; runId: string; epoch: number; sha256: string; flat: Float32Array },
): WeightVersion {
  const { version, runId, epoch: learnerEpoch, sha256, flat } = of;
  const bytes = Buffer.from(bytesOf(flat).buffer, flat.byteOffset, flat.byteLength);
  return { role, version, learnerEpoch, runId, sha256, bytes };
}
