/** Ctrl-C and SIGTERM as a signal to stop cleanly. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** 0 unless stopped; then 128 + the number of the signal, as shells expect. */
  readonly exitCode: number;
  /** Gives the signals back to Node. */
  release(): void;
}

/** Package managers pass on the Ctrl-C that the terminal has already sent to everyone: both are one. */
const echoMs = 1000;

/**
 * Turns the first SIGINT or SIGTERM into an abort; another Ctrl-C later ends the process at once.
 *
 * Services end with it, since the channel to their parent closes.
 */
export function stopSignal(tell: (message: string) => void): StopSignal {
  const controller = new AbortController();
  let exitCode = 0;
  let stoppedAt = 0;
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      exitCode = name === 'SIGINT' ? 130 : 143;
      stoppedAt = performance.now();
      tell('Stopping; Ctrl-C again to give up on what is under way');
      controller.abort();
    } else if (performance.now() - stoppedAt > echoMs) {
      process.exit(exitCode);
    }
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release: () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
