/** What the coordinator knows of the run when it decides what to add. */
export interface Progress {
  /** Iterations applied; also the newest published weight version. */
  applied: number;
  total: number;
  lag: number;
  /** Evaluate every n-th version; 0 for never. */
  evaluateEvery: number;
  evaluated: ReadonlySet<number>;
  /** The learner applies no more iterations: collapse is suspected. */
  isHalted: boolean;
}

export interface DueWork {
  /** Iterations whose trees must be in the queue, oldest first. */
  iterations: number[];
  /** The version whose evaluation must be in the queue, if any. */
  evaluation: number | undefined;
}

/** Versions that are evaluated: the base model's, every n-th, and the last. */
function isEvaluated(version: number, { total, evaluateEvery }: Progress): boolean {
  return evaluateEvery > 0 && (version % evaluateEvery === 0 || version === total);
}

/**
 * What must be in the queue now.
 *
 * Iteration t needs version t - lag, so only iterations up to applied + lag can run; adding more would only let
 * handlers wait (with two slots filled by t = 1, t = 0 never ran, whatever the priorities). An evaluation needs
 * its version to stay among the lag + 1 that the learner keeps: no iteration that would push it out is added
 * before it is done.
 */
export function dueWork(progress: Progress): DueWork {
  const { applied, total, lag, evaluated, isHalted } = progress;
  let evaluation: number | undefined;
  for (let version = Math.max(0, applied - lag); version <= applied; version++) {
    if (isEvaluated(version, progress) && !evaluated.has(version)) {
      evaluation = version;
      break;
    }
  }
  const iterations: number[] = [];
  if (isHalted) return { iterations, evaluation };
  const limit = Math.min(total, applied + lag + 1, (evaluation ?? Number.POSITIVE_INFINITY) + lag);
  for (let iteration = applied; iteration < limit; iteration++) iterations.push(iteration);
  return { iterations, evaluation };
}

/** Whether everything is done: all iterations applied, or as many as will be, and what is due evaluated. */
export function isFinished(progress: Progress): boolean {
  const { applied, total, evaluated, isHalted } = progress;
  if (isHalted) return dueWork(progress).evaluation === undefined;
  return applied >= total && (!isEvaluated(total, progress) || evaluated.has(total));
}
