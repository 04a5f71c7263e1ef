import type {
  CheckpointStore,
  Journal,
  MetricsLog,
  RunFolder,
  VersionStore,
} from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import type { WeightPublisher } from '@mgrpo/service';
import type { Logger, Tracer } from '@mgrpo/telemetry';
import type { IterationSchedule, TrainingEngine } from '@mgrpo/training';
import type { EntropySource } from './iteration-record.ts';
import type { LearnerMetrics } from './learner-metrics.ts';

/** What a learner is made of. */
export interface LearnerOptions {
  runId: string;
  /** `machineFingerprint` of this machine. */
  fingerprint: string;
  epoch: number;
  entropySource: EntropySource;
  total: number;
  lag: number;
  checkpointEvery: number;
  collapse: RunConfig['collapse'];
  engine: TrainingEngine;
  /** Learning rates and momentum coefficients of an iteration. */
  schedule(iteration: number): IterationSchedule;
  /** Iterations that the engine's state already contains. */
  applied: number;
  folder: Pick<RunFolder, 'setResult' | 'quarantine'>;
  journal: Journal;
  versions: VersionStore;
  checkpoints: CheckpointStore;
  metrics: MetricsLog;
  /** Takes what the run folder holds now to the store, later; resolves before that. */
  backUp(state: { iterations: number; checkpoint: number | null }): Promise<void>;
  gauges: LearnerMetrics;
  publisher: WeightPublisher;
  log: Logger;
  tracer: Tracer;
  /** Ends the process. */
  onFatal(error: unknown): void;
}
