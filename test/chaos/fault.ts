import type { Cluster } from './cluster.ts';
import type { SeededRandom } from './seeded-random.ts';

/** One thing that may happen to a run. */
export interface Fault {
  readonly name: string;
  readonly kind: 'process' | 'redis' | 'network' | 'messages' | 'disk' | 'clock' | 'refusal';
  /**
   * Makes it happen, and returns when everything that was broken is there again; `missed` when the run was over
   * before it could happen.
   */
  strike(cluster: Cluster, random: SeededRandom): Promise<'missed' | undefined>;
  /** Why it can't happen on this machine; null where it can. */
  missing?(): string | null;
}

/** A fault with its moment. */
export interface Strike {
  readonly fault: Fault;
  /** Strikes when so many iterations are applied. */
  readonly after: number;
  /** And so much later, as a share of an iteration's time: it meets any part of one. */
  readonly delay: number;
}
