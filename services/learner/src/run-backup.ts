import type { RunConfig } from '@mgrpo/config';
import {
  type Environment,
  openBucket,
  PartList,
  RunUpload,
  RunUploader,
  takeSnapshot,
} from '@mgrpo/object-store';
import type { Logger } from '@mgrpo/telemetry';
import type { StoreMetrics } from './learner-metrics.ts';

/** Brings a run to its store in the background. */
export interface RunBackup {
  /** Takes a snapshot of the run folder, while nobody appends to it; its upload comes later. */
  add(state: { iterations: number; checkpoint: number | null }): Promise<void>;
  /** True while a checkpoint's files are still to be read. */
  isPinned(iterations: number): boolean;
  /** Uploads what is left until a moment (ms since 1970), and tells what it could not. */
  finish(untilMs: number): Promise<void>;
}

export interface RunBackupOptions {
  readonly config: Pick<RunConfig, 'checkpoint' | 'deployment'>;
  readonly env: Environment;
  readonly runFolder: string;
  readonly runId: string;
  readonly epoch: number;
  readonly metrics: StoreMetrics;
  readonly log: Logger;
  /** For the person at `mgrpo train`, and the log. */
  notice(message: string): void;
}

const none: RunBackup = {
  add: () => Promise.resolve(),
  isPinned: () => false,
  finish: () => Promise.resolve(),
};

/** The backup that `deployment.store.url` asks for; without it, one that does nothing. */
export function openRunBackup(options: RunBackupOptions): RunBackup {
  const { config, env, runFolder, runId, epoch, metrics, log, notice } = options;
  const { store } = config.deployment;
  if (store.url === null) return none;
  metrics.current(null);
  const abort = new AbortController();
  const bucket = openBucket(store.url, { store, env, signal: abort.signal });
  const upload = new RunUpload({
    ...{ bucket, runId, epoch },
    keep: config.checkpoint.keep,
    parts: new PartList(runFolder),
    onBytes: metrics.bytes,
  });
  let isFailing = false;
  const uploader = new RunUploader({
    upload: (snapshot) => upload.upload(snapshot),
    abort: () => abort.abort(),
    retryMs: store.retryMs,
    onUploaded: ({ iterations, checkpoint }) => {
      isFailing = false;
      metrics.current(checkpoint);
      log.info({ iterations, checkpoint, store: bucket.url }, 'the store has the run');
    },
    onFailure: (message, isFinal) => {
      metrics.failed();
      const then = isFinal ? 'nothing more is uploaded' : 'training goes on, it is tried again';
      const text = `the run is not in ${bucket.url}: ${message}; ${then}`;
      // A person is told once, until it has worked again.
      if (isFailing && !isFinal) log.warn(text);
      else notice(text);
      isFailing = true;
    },
  });
  return {
    add: async (state) => uploader.add(await takeSnapshot(runFolder, state)),
    isPinned: (iterations) => uploader.isPinned(iterations),
    finish: async (untilMs) => {
      const left = await uploader.finish(untilMs);
      if (left === null) return;
      const { iterations, checkpoint } = left;
      notice(
        `not uploaded to ${bucket.url}: the run up to iteration ${iterations}${checkpoint === null ? '' : ` with checkpoint step-${checkpoint}`}; the run folder has it, and a start with --resume uploads it`,
      );
    },
  };
}
