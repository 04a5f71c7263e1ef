/** A Lease as the API server keeps it: the part of `coordination.k8s.io/v1` that deciding needs. */
export interface LeaseRecord {
  /** Changes with every write; a replacement that names an older one is refused. */
  readonly resourceVersion: string;
  /** Who holds it; empty when it was released. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** How often it has changed hands. */
  readonly transitions: number;
  /** When its holder took it, RFC 3339 with microseconds. */
  readonly acquired: string;
}

/** A record, and when this process saw it change last, by its own clock (ms). */
export interface Observation {
  readonly record: LeaseRecord;
  readonly sinceMs: number;
}

export type LeaseStep = 'renew' | 'take' | 'wait';

/** The newest observation: a record that did not change keeps the time at which it was first seen. */
export function observe(
  earlier: Observation | null,
  record: LeaseRecord,
  nowMs: number,
): Observation {
  const isSame = earlier?.record.resourceVersion === record.resourceVersion;
  return isSame ? earlier : { record, sinceMs: nowMs };
}

/**
 * What `identity` may do with a Lease.
 *
 * Whether the holder has gone is told by this process's clock alone: a record that did not change for as long as
 * it promises is nobody's. Times that stand in it are another machine's and are not compared.
 */
export function leaseStep(
  { record, sinceMs }: Observation,
  identity: string,
  nowMs: number,
): LeaseStep {
  if (record.holder === identity) return 'renew';
  const isFree = record.holder === '' || nowMs - sinceMs > record.durationSeconds * 1000;
  return isFree ? 'take' : 'wait';
}
