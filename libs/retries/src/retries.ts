import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError } from '@mgrpo/errors';

/** How one try ended. What can't get better by trying again is thrown instead. */
export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | {
      readonly kind: 'again';
      readonly error: MgrpoError;
      /** What the server asks for by `Retry-After`. */
      readonly afterMs: number | null;
      /** True where the server has too much to do (429), and is not suspected of worse. */
      readonly isBusy: boolean;
    };

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number;
  /** From the first try to the last one's end. */
  readonly deadlineMs: number;
  /** Pause before the second try, doubled for each further one, up to `maxPauseMs`. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** In [0, 1): spreads the pauses of many clients. */
  readonly random: () => number;
}

/**
 * Tries until it is done, with growing pauses of 50 to 100 % of their length; `Retry-After` is never undercut.
 *
 * @throws the last try's error after `attempts` or `deadlineMs`, CANCELLED when `signal` aborts
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: (number: number) => Promise<Attempt<T>>,
): Promise<T> {
  const deadline = performance.now() + policy.deadlineMs;
  for (let number = 1; ; number++) {
    const outcome = await attempt(number);
    if (outcome.kind === 'done') return outcome.value;
    const pauseMs = Math.max(pauseAfter(number, policy), outcome.afterMs ?? 0);
    const isOver = number >= policy.attempts || performance.now() + pauseMs > deadline;
    if (isOver) {
      const { code, message } = outcome.error;
      throw new MgrpoError(code, `${message} (after ${number} tries)`, { cause: outcome.error });
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => {
      throw new MgrpoError('CANCELLED', 'cancelled between two tries');
    });
  }
}

/** The pause after try `number`, in milliseconds. */
export function pauseAfter(
  number: number,
  policy: Pick<RetryPolicy, 'firstPauseMs' | 'maxPauseMs' | 'random'>,
): number {
  const full = Math.min(policy.firstPauseMs * 2 ** (number - 1), policy.maxPauseMs);
  return full * (0.5 + policy.random() / 2);
}
