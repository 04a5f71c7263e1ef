import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@mgrpo/errors';
import {
  connect,
  contracts,
  type LearnerServiceClient,
  type LearnerState__Output,
  type PeerSecurity,
  type QuarantineResponse__Output,
  serverStream,
  unary,
} from '@mgrpo/rpc';
import type { Logger } from '@mgrpo/telemetry';

export interface LearnerViewOptions {
  /** host:port of the learner. */
  address: string;
  security: PeerSecurity;
  rpcDeadlineMs: number;
  reconnectDelayMs: number;
  log: Logger;
  /** Told of every state that arrives, in order. */
  onState(): void;
  /** Told when the learner is heard, and when no longer. */
  onConnection(isConnected: boolean): void;
}

/** The learner's state as the coordinator last heard it; heard again when the learner comes back. */
export class LearnerView {
  applied = 0;
  /** A learner that replays its journal counts up from its checkpoint: no time to draw conclusions. */
  isReplaying = true;
  /** A suspicion of collapse, or steps that are not finite, have ended the run. */
  isHalted = false;
  evaluated: ReadonlySet<number> = new Set();
  /** Iterations whose batch the learner holds for later. */
  pending: ReadonlySet<number> = new Set();
  metricsJson = '';
  evaluationJson = '';
  policySha256 = '';
  /** All of what it said last. */
  state: LearnerState__Output;
  isConnected = true;
  readonly #options: LearnerViewOptions;
  readonly #client: LearnerServiceClient;
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  #change = Promise.withResolvers<void>();

  /** `first`: the state with which the run was joined. */
  constructor(first: LearnerState__Output, options: LearnerViewOptions) {
    this.#options = options;
    this.#client = connect(contracts.LearnerService, options.address, options.security);
    this.state = first;
    this.#take(first);
    this.#loop = this.#watch();
  }

  /** Resolves at the next state. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  /** Asks for the state now. */
  async refresh(): Promise<void> {
    const state = await unary<LearnerState__Output>(
      'learner',
      (...call) => this.#client.getState({}, ...call),
      { deadlineMs: this.#options.rpcDeadlineMs, waitForReady: true, signal: this.#abort.signal },
    );
    this.#take(state);
  }

  /** Hands an evaluation to the learner, who keeps the run's metrics. */
  async recordEvaluation(
    version: number,
    evaluationJson: string,
    traceparent: string | null,
  ): Promise<void> {
    await unary(
      'learner',
      (...call) => this.#client.recordEvaluation({ version, evaluationJson }, ...call),
      {
        deadlineMs: this.#options.rpcDeadlineMs,
        waitForReady: true,
        signal: this.#abort.signal,
        traceparent,
      },
    );
    this.evaluationJson = evaluationJson;
    await this.refresh();
  }

  /** Hands a job that nobody can do to the learner, who keeps it in the run folder; returns where. */
  async quarantine(name: string, jobJson: string): Promise<string> {
    const { path } = await unary<QuarantineResponse__Output>(
      'learner',
      (...call) => this.#client.quarantine({ name, jobJson }, ...call),
      { deadlineMs: this.#options.rpcDeadlineMs, waitForReady: true, signal: this.#abort.signal },
    );
    return path;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
    this.#client.close();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#abort;
    const { onConnection } = this.#options;
    while (!signal.aborted) {
      try {
        const states = serverStream('learner', (...call) => this.#client.watch({}, ...call), {
          signal,
        });
        for await (const state of states) {
          this.isConnected = true;
          onConnection(true);
          this.#take(state);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.debug({ error: messageOf(error) }, 'the learner is away');
      }
      this.isConnected = false;
      onConnection(false);
      await sleep(this.#options.reconnectDelayMs, undefined, { signal }).catch(() => {});
    }
  }

  #take(state: LearnerState__Output): void {
    this.state = state;
    this.applied = state.appliedIterations;
    this.isReplaying = state.phase === 'replaying';
    // A learner that drains or starts again says nothing of it.
    this.isHalted = state.phase === 'halted';
    this.evaluated = new Set(state.evaluatedVersions);
    this.pending = new Set(state.pendingIterations);
    this.metricsJson = state.metricsJson;
    this.policySha256 = state.policySha256;
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers<void>();
    resolve();
    this.#options.onState();
  }
}
