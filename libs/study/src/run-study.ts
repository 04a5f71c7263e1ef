import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { rolloutCounts } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import type { PlannedTrial, StudyPlan } from './study-plan.ts';
import type { TrialOptions } from './trial.ts';
import { readTrial, trialPath } from './trial-file.ts';
import { TrialIdentities } from './trial-identity.ts';
import type { TrialMessage, TrialOrder } from './trial-process.ts';
import type { Trial } from './trial-record.ts';

/** What a study tells while it runs. */
export type StudyEvent =
  /** A trial of an earlier start is there and is not run again. */
  | { readonly kind: 'kept'; readonly trial: Trial }
  | { readonly kind: 'started'; readonly planned: PlannedTrial }
  | { readonly kind: 'applied'; readonly planned: PlannedTrial; readonly iterations: number }
  | { readonly kind: 'finished'; readonly trial: Trial }
  | { readonly kind: 'failed'; readonly planned: PlannedTrial; readonly message: string };

export interface StudyOptions {
  readonly folder: string;
  /** Trials at a time; one keeps one core busy. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onEvent: (event: StudyEvent) => void;
}

/** A trial that has to be run. */
interface Pending {
  readonly planned: PlannedTrial;
  readonly order: TrialOrder;
}

/**
 * Runs every trial that the folder does not hold yet, several at a time, each in its own process.
 *
 * A trial is a function of its configuration and seed, so neither `jobs` nor a restart changes a number.
 *
 * @returns the finished trials in the order of the plan
 * @throws INCOMPATIBLE when the folder has a trial of the same name with other settings
 */
export async function runStudy(plan: StudyPlan, options: StudyOptions): Promise<Trial[]> {
  const found = await findTrials(plan, options.folder);
  for (const { known } of found) if (known) options.onEvent({ kind: 'kept', trial: known });
  const pending = found.flatMap(({ planned, path, sha256, known }) =>
    known ? [] : [{ planned, order: { trial: trialOptions(plan, planned, sha256), path } }],
  );
  await runPending(pending, options);
  return plan.trials.flatMap(
    (planned) => finishedTrial(join(options.folder, trialPath(planned)), planned) ?? [],
  );
}

/** A trial of the plan, and what the folder holds of it. */
interface FoundTrial {
  readonly planned: PlannedTrial;
  readonly path: string;
  readonly sha256: string;
  /** Null where it has yet to be run. */
  readonly known: Trial | null;
}

/** Looks for a plan's trials; throws INCOMPATIBLE or CORRUPT before anything in the folder is changed. */
export async function findTrials(plan: StudyPlan, folder: string): Promise<FoundTrial[]> {
  const identities = new TrialIdentities(plan.measure);
  const found: FoundTrial[] = [];
  for (const planned of plan.trials) {
    const sha256 = await identities.of(planned);
    const path = join(folder, trialPath(planned));
    const known = finishedTrial(path, planned);
    if (known !== null && known.start.sha256 !== sha256) {
      throw new MgrpoError(
        'INCOMPATIBLE',
        `${path} was made with other settings, files or another machine; choose another --out, or delete it`,
      );
    }
    found.push({ planned, path, sha256, known });
  }
  return found;
}

/** Runs trials, `jobs` at a time; when one can't be reported on, the others are ended too. */
async function runPending(pending: Pending[], options: StudyOptions): Promise<void> {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const next = async (): Promise<void> => {
    for (let job = pending.shift(); job && !signal.aborted; job = pending.shift()) {
      await runInProcess(job, { ...options, signal });
    }
  };
  const ends = Array.from({ length: options.jobs }, () =>
    next().catch((error: unknown) => failure.abort(error)),
  );
  await Promise.all(ends);
  failure.signal.throwIfAborted();
}

/** A trial as its file has it; what its seed is for is the study's to say, and may have changed since. */
function finishedTrial(path: string, { purpose }: PlannedTrial): Trial | null {
  const trial = readTrial(path);
  return trial && { ...trial, start: { ...trial.start, purpose } };
}

/** Work of a trial in arbitrary units, for the time left: rollouts sampled, and trained on. */
export function trialCost({ config }: PlannedTrial): number {
  const { policy, momentum, trained } = rolloutCounts(config.algorithm);
  return config.iterations * config.algorithm.promptsPerIteration * (policy + momentum + trained);
}

function trialOptions(plan: StudyPlan, planned: PlannedTrial, sha256: string): TrialOptions {
  const { problems, ...trial } = planned;
  return { ...trial, study: plan.name, sha256, measure: { ...plan.measure, problems } };
}

/** Settles when the process has ended, whatever the end was; an abort kills it. */
async function runInProcess(
  { planned, order }: Pending,
  { signal, onEvent }: StudyOptions,
): Promise<void> {
  onEvent({ kind: 'started', planned });
  const child = fork(new URL('./trial-process.ts', import.meta.url), { stdio: 'inherit' });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  let failure: string | null = null;
  child.on('message', (message: TrialMessage) => {
    if (message.kind === 'failed') failure = message.message;
    if (message.kind === 'applied') onEvent({ ...message, planned });
  });
  child.send(order);
  const end = await ended(child);
  signal.removeEventListener('abort', kill);
  if (signal.aborted) return;
  const trial = failure === null ? finishedTrial(order.path, planned) : null;
  if (trial !== null) onEvent({ kind: 'finished', trial });
  else onEvent({ kind: 'failed', planned, message: failure ?? `its process ended with ${end}` });
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // After its messages, which `exit` may come before.
    child.once('close', (code, signal) => resolve(signal ?? `code ${code}`));
  });
}
