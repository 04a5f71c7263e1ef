import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { RunConfig } from '@mgrpo/config';
import { type HeldLease, holdLease, KubernetesLeases } from '@mgrpo/lease';
import type { Logger } from '@mgrpo/telemetry';

/**
 * Waits for the Lease of a service of which there is one, where the configuration asks for it.
 *
 * The Lease keeps a second learner or coordinator from working; what keeps it from doing harm is the epoch in the
 * run folder, since a process that is frozen finds out about its Lease only when it wakes.
 *
 * @returns null where `deployment.lease.name` is null, or on `signal`
 * @throws MgrpoError INVALID_CONFIG outside of a pod, or without the right
 */
export async function takeServiceLease(
  service: string,
  { deployment }: RunConfig,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<HeldLease | null> {
  const { name, durationSeconds, apiServer, account } = deployment.lease;
  if (name === null) return null;
  const lease = `${name}-${service}`;
  const deadlineMs = (durationSeconds * 1000) / 6;
  try {
    const held = await holdLease({
      store: new KubernetesLeases({ apiServer, account, deadlineMs }),
      name: lease,
      identity: `${hostname()}_${randomUUID()}`,
      durationSeconds,
      signal,
      onWait: (reason) => log.info({ lease, reason }, 'waiting for the lease'),
    });
    log.info({ lease }, 'holds the lease');
    return held;
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
