import { basename } from 'node:path';
import { type CollapseState, maxSkippedInARow } from '@mgrpo/algorithm';
import { type CheckpointState, runFiles } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import { faultPoint } from '@mgrpo/faults';
import {
  contracts,
  decodeStored,
  encodeStored,
  type LearnerState,
  type TrainingBatch__Output,
} from '@mgrpo/rpc';
import { Broadcast, trainingSequences } from '@mgrpo/service';
import type { TrainingSequence, TrainStats } from '@mgrpo/training';
import { collapseAfter } from './collapse-watch.ts';
import type { OfferedBatch } from './collect-batch.ts';
import { skippedInARowAfter } from './divergence.ts';
import { IterationWriter, type SteppedIteration } from './iteration-writer.ts';
import type { LearnerOptions } from './learner-options.ts';
import type { BothModels } from './weight-versions.ts';

/** A batch that waits for its turn, with all that can be made ready before. */
interface PreparedBatch {
  readonly offered: OfferedBatch;
  /** Of the journal's record. */
  readonly bytes: Uint8Array;
  readonly record: TrainingBatch__Output;
  readonly prompts: readonly (readonly TrainingSequence[])[];
}

/** How a batch is applied. */
interface Application {
  /** When its parts were made; a replay has none. */
  readonly timings?: OfferedBatch['timings'];
  /** Brings the batch into the journal. */
  readonly journal: () => Promise<void>;
  /** Whether a job may still ask for the weights after it. */
  readonly isPublished: boolean;
}

/**
 * The only writer of weights.
 *
 * The order of an iteration: batch complete -> journal with fsync, and beside it the optimiser step and EMA ->
 * versions on disk -> publish -> metrics -> checkpoint. Nothing of a step leaves this process before the journal
 * has its batch, which is the truth: a learner killed anywhere replays it from the newest checkpoint. From the
 * versions on, an iteration is written while the engine makes the next step, if that waits already (with a lag).
 * A step that fails half-way leaves the engine in an unknown state, so it is fatal: the process ends and its
 * successor replays.
 */
export class Learner {
  readonly states = new Broadcast<LearnerState>();
  readonly #options: LearnerOptions;
  readonly #writer: IterationWriter;
  readonly #pending = new Map<number, PreparedBatch>();
  /** Iterations that the engine's state contains. */
  #stepped: number;
  /** Iterations that are on record: what others are told. */
  #applied: number;
  /** The newest iteration is published and on record; the engine may be beyond it. */
  #written: Promise<void> = Promise.resolve();
  #checkpointed: number;
  #phase = 'replaying';
  /** A suspicion of collapse or steps that are not finite have ended the run: nothing more is applied. */
  #isHalted = false;
  #isDraining = false;
  /** Everything that changes the state runs one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LearnerOptions) {
    this.#options = options;
    this.#writer = new IterationWriter(options);
    this.#stepped = options.applied;
    this.#applied = options.applied;
    this.#checkpointed = options.applied;
  }

  /** Whether the journal and the weights have this iteration's batch. */
  has(iteration: number): boolean {
    return iteration < this.#stepped;
  }

  /** Publishes the weights the engine has and applies what the journal has beyond them. */
  async replay(): Promise<void> {
    const { journal, tracer } = this.#options;
    const attributes = { from: this.#stepped, to: journal.nextIteration };
    await tracer.span('replay', { parent: null, attributes }, () => this.#replay());
  }

  async #replay(): Promise<void> {
    const { engine, journal, lag, log } = this.#options;
    const last = journal.nextIteration;
    this.#setPhase('replaying');
    // With a lag, of versions before the checkpoint too: a job may still ask for them.
    await this.#writer.publishStored(last - lag, this.#stepped);
    if (this.#stepped >= last - lag) {
      await this.#writer.publish(this.#stepped, await engine.weights());
    }
    if (last > this.#stepped) log.info({ from: this.#stepped, to: last }, 'replaying the journal');
    while (this.#stepped < last) {
      const bytes = await journal.read(this.#stepped);
      const what = `journal record of iteration ${this.#stepped}`;
      const batch = decodeStored(contracts.TrainingBatch, bytes, what);
      await this.#apply(batch, trainingSequences(batch), {
        journal: async () => {},
        // Only the versions that a job may still ask for are worth sending.
        isPublished: this.#stepped + 1 >= last - lag,
      });
    }
    this.#writer.startClock();
    await this.#options.folder.setResult(null);
    await this.#haltIfDue(collapseAfter(this.#writer.recordsUpTo(last), this.#options.collapse));
    await this.#haltIfDiverged(skippedInARowAfter(this.#writer.recordsUpTo(last)));
    this.#setPhase(this.#isHalted ? 'halted' : 'waiting');
  }

  /**
   * Takes a complete batch. The next iteration's is journaled and applied before this returns; an earlier one
   * has been applied already; a later one, or any after a halt, is held until its turn.
   */
  async offer(offered: OfferedBatch): Promise<void> {
    const iteration = offered.batch.iteration ?? 0;
    if (this.has(iteration)) return offered.journaled();
    // With a lag this is done beside the step before.
    this.#pending.set(iteration, prepare(offered));
    this.#publishState();
    await this.#exclusively(async () => {
      for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) {
        await this.#journalAndApply(next);
      }
      await this.#written;
      if (!this.#isDraining) this.#setPhase(this.#isHalted ? 'halted' : 'waiting');
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

  /** Waits for the step under way. Batches that wait or come later are made again after a restart. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#setPhase('draining');
    await this.#queue;
    // With the batches and evaluations since the newest checkpoint.
    await this.#exclusively(() => this.#backUp());
    this.states.close();
  }

  get state(): LearnerState {
    const { runId, epoch, total, metrics } = this.#options;
    const { sha256 } = this.#writer;
    const newest = metrics.records.findLast((record) => record.kind === 'iteration');
    return {
      runId,
      learnerEpoch: epoch,
      appliedIterations: this.#applied,
      totalIterations: total,
      policySha256: sha256.policy,
      momentumSha256: sha256.momentum,
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
    if (this.#isHalted || this.#isDraining) return undefined;
    for (const iteration of this.#pending.keys()) {
      if (this.has(iteration)) this.#pending.delete(iteration);
    }
    const next = this.#pending.get(this.#stepped);
    this.#pending.delete(this.#stepped);
    return next;
  }

  async #journalAndApply({ offered, bytes, record, prompts }: PreparedBatch): Promise<void> {
    const { tracer, onFatal } = this.#options;
    const iteration = this.#stepped;
    const journal = () => this.#journal(iteration, bytes).then(offered.journaled);
    try {
      await tracer.span('apply', { iteration, parent: offered.traceparent }, () =>
        this.#apply(record, prompts, { timings: offered.timings, journal, isPublished: true }),
      );
    } catch (error) {
      onFatal(error);
      throw error;
    }
  }

  async #journal(iteration: number, bytes: Uint8Array): Promise<void> {
    const { journal, tracer } = this.#options;
    faultPoint('before-journal');
    await tracer.span('journal', { attributes: { bytes: bytes.length } }, () =>
      journal.append(iteration, bytes),
    );
    faultPoint('after-journal');
  }

  async #apply(
    batch: TrainingBatch__Output,
    prompts: readonly (readonly TrainingSequence[])[],
    { timings, journal, isPublished }: Application,
  ): Promise<void> {
    const { runId, engine, checkpointEvery, total, onFatal } = this.#options;
    const { iteration } = batch;
    if (iteration !== this.#stepped || batch.runId !== runId) {
      throw new MgrpoError(
        'CORRUPT',
        `expected iteration ${this.#stepped} of run ${runId}, got ${iteration} of ${batch.runId}`,
      );
    }
    this.#setPhase(timings === undefined ? 'replaying' : 'stepping');
    const startedAtMs = performance.now();
    const [train] = await Promise.all([this.#step(iteration, prompts), journal()]);
    faultPoint('after-step');
    // The records before are what the run is judged by.
    await this.#written;
    this.#stepped += 1;
    const weights = isPublished ? await engine.weights() : null;
    const judged = this.#writer.judge(batch, train);
    const writing = this.#write({ batch, train, ...judged, timings, startedAtMs }, weights);
    const isCheckpointDue = this.#stepped % checkpointEvery === 0 || this.#stepped === total;
    // What a replay meets on its way did not stop the run then.
    const mayEnd = timings !== undefined && this.#endsAt(judged);
    if (timings !== undefined && !isCheckpointDue && !mayEnd) {
      this.#written = writing.then(() => this.#tellApplied(iteration + 1));
      // Nobody may wait for it while the next step is made.
      this.#written.catch(onFatal);
      return;
    }
    await writing;
    if (isCheckpointDue) await this.#saveCheckpoint();
    if (mayEnd) {
      await this.#haltIfDue(judged.collapse);
      await this.#haltIfDiverged(judged.measured.skippedInARow);
    }
    this.#tellApplied(iteration + 1);
  }

  async #write(iteration: SteppedIteration, weights: BothModels | null): Promise<void> {
    if (weights !== null) await this.#writer.publish(iteration.batch.iteration + 1, weights);
    await this.#writer.record(iteration);
  }

  /** Whether the run may end here, so that the engine's state must stay as it is. */
  #endsAt({ measured, collapse }: Pick<SteppedIteration, 'measured' | 'collapse'>): boolean {
    const isSuspected = collapse.kind !== 'healthy';
    const { onCollapse } = this.#options.collapse;
    return (isSuspected && onCollapse !== 'warn') || measured.skippedInARow >= maxSkippedInARow;
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
      if (this.#stepped === total) return;
      await this.#saveCheckpoint();
    } else {
      const { since, reasons } = state;
      const checkpoint = await checkpoints.newestFolder(since);
      await folder.setResult({
        kind: 'rolled-back',
        checkpoint: checkpoint === null ? null : `${runFiles.checkpoints}/${basename(checkpoint)}`,
        suspectedSince: since,
        iterations: this.#stepped,
        reasons,
      });
    }
    log.warn({ ...state, onCollapse }, 'collapse suspected: the run ends here');
    this.#isHalted = true;
  }

  /** Ends the run where no step can be made any more, with a checkpoint of the last weights that are numbers. */
  async #haltIfDiverged(inARow: number): Promise<void> {
    const { log, total } = this.#options;
    if (inARow < maxSkippedInARow || this.#isHalted || this.#stepped === total) return;
    await this.#saveCheckpoint();
    log.error({ inARow }, 'steps in a row are not finite: the run ends here');
    this.#isHalted = true;
  }

  #saveCheckpoint(): Promise<{ folder: string; iterations: number }> {
    const { tracer } = this.#options;
    return tracer.span('checkpoint', {}, () => this.#writeCheckpoint());
  }

  async #writeCheckpoint(): Promise<{ folder: string; iterations: number }> {
    const { engine, checkpoints, gauges, log } = this.#options;
    const state: CheckpointState = { ...(await engine.snapshot()), iterations: this.#stepped };
    const folder = await checkpoints.save(state);
    this.#checkpointed = this.#stepped;
    gauges.checkpoint(this.#stepped, Date.now());
    log.info({ folder }, 'checkpoint');
    await this.#backUp();
    return { folder, iterations: this.#stepped };
  }

  #backUp(): Promise<void> {
    const checkpoint = this.#checkpointed === 0 ? null : this.#checkpointed;
    return this.#options.backUp({ iterations: this.#stepped, checkpoint });
  }

  /** Tells of the newest written iteration: with the end of the run, so that nobody starts the next in between. */
  #tellApplied(applied: number): void {
    this.#applied = applied;
    this.#setPhase(this.#isHalted ? 'halted' : this.#phase);
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
