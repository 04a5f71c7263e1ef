import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { LeaseStore } from './kubernetes-leases.ts';
import { type LeaseRecord, leaseStep, type Observation, observe } from './lease-record.ts';

export interface LeaseOptions {
  readonly store: LeaseStore;
  readonly name: string;
  /** Of this process, and of no other that ever was: a pod's name alone comes back after a restart. */
  readonly identity: string;
  /** Others may take a Lease that was not renewed for so long. */
  readonly durationSeconds: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Tells why it waits; once for each reason. */
  readonly onWait: (reason: string) => void;
}

/** A Lease that is this process's until it is lost or released. */
export interface HeldLease {
  /** Rejects with STALE_EPOCH when another has it, UNAVAILABLE when it was not renewed in time; never resolves. */
  readonly lost: Promise<never>;
  /** Ends the renewing and lets another take it at once. */
  release(): Promise<void>;
}

/**
 * Waits until the Lease is this process's, and renews it from then on.
 *
 * The holder gives up after two thirds of the duration without a renewal, before another may take it: two never
 * hold it at once, as long as their clocks run at the same speed and neither is frozen. (A frozen one finds out
 * when it wakes; until then the run folder's epoch is what stops it.)
 *
 * @throws MgrpoError CANCELLED on `signal`, INVALID_CONFIG where the API server refuses
 */
export async function holdLease(options: LeaseOptions): Promise<HeldLease> {
  let record = await acquire(options);
  const stop = new AbortController();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const onRenewed = (renewed: LeaseRecord) => {
    record = renewed;
  };
  const renewing = keep(options, record, stop.signal, onRenewed).then(() => true, lost.reject);
  return {
    lost: lost.promise,
    release: async () => {
      stop.abort();
      const isHeld = await renewing;
      // Whoever waits takes it by the clock when this fails.
      const free = { ...record, holder: '', durationSeconds: 1 };
      if (isHeld === true) await options.store.replace(options.name, free).catch(() => null);
    },
  };
}

async function acquire(options: LeaseOptions): Promise<LeaseRecord> {
  const { name, durationSeconds, signal, onWait } = options;
  let seen: Observation | null = null;
  let told = '';
  for (;;) {
    const outcome: Attempt = await tryAcquire(options, seen).catch(unlessRefused);
    if (outcome.kind === 'held') return outcome.record;
    if (outcome.kind === 'waits') seen = outcome.seen;
    if (outcome.reason !== told) onWait(outcome.reason);
    told = outcome.reason;
    try {
      await sleep((durationSeconds * 1000) / 8, undefined, { signal });
    } catch (cause) {
      throw new MgrpoError('CANCELLED', `stopped waiting for the Lease ${name}`, { cause });
    }
  }
}

type Attempt =
  | { kind: 'held'; record: LeaseRecord }
  | { kind: 'waits'; seen: Observation | null; reason: string }
  | { kind: 'failed'; reason: string };

async function tryAcquire(
  { store, name, identity, durationSeconds }: LeaseOptions,
  earlier: Observation | null,
): Promise<Attempt> {
  const mine = { holder: identity, durationSeconds, acquired: '' };
  const found = await store.read(name);
  if (found === null) {
    const record = await store.create(name, { ...mine, transitions: 0 });
    if (record) return { kind: 'held', record };
    return { kind: 'waits', seen: null, reason: 'another process was faster' };
  }
  const seen = observe(earlier, found, performance.now());
  const reason = `the Lease ${name} is held by ${found.holder}`;
  if (leaseStep(seen, identity, performance.now()) === 'wait') {
    return { kind: 'waits', seen, reason };
  }
  const transitions = found.transitions + 1;
  const record = await store.replace(name, { ...found, ...mine, transitions });
  return record ? { kind: 'held', record } : { kind: 'waits', seen, reason };
}

/** A refusal stays one; anything else may pass. */
function unlessRefused(error: unknown): Attempt {
  if (error instanceof MgrpoError && error.code === 'INVALID_CONFIG') throw error;
  return { kind: 'failed', reason: messageOf(error) };
}

/** Renews until `signal`; rejects when the Lease is not this process's any more. */
async function keep(
  options: LeaseOptions,
  first: LeaseRecord,
  signal: AbortSignal,
  onRenewed: (record: LeaseRecord) => void,
): Promise<void> {
  const { name, durationSeconds } = options;
  const patienceMs = (durationSeconds * 1000 * 2) / 3;
  let record = first;
  let renewedAt = performance.now();
  let reason = 'no answer';
  for (;;) {
    const leftMs = () => Math.max(0, renewedAt + patienceMs - performance.now());
    const pauseMs = Math.min((durationSeconds * 1000) / 6, leftMs());
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const askedAt = performance.now();
    // Once the patience is over, an answer comes too late.
    const answered = new AbortController();
    const late = sleep(leftMs(), reason, { signal: answered.signal }).catch(() => reason);
    const renewed = await Promise.race([renew(options, record).catch(unlessStale), late]);
    answered.abort();
    if (typeof renewed === 'object') {
      record = renewed;
      renewedAt = askedAt;
      onRenewed(record);
    } else if (leftMs() > 0) {
      reason = renewed;
    } else {
      const silence = `could not be renewed for ${(patienceMs / 1000).toFixed(1)} s`;
      throw new MgrpoError('UNAVAILABLE', `the Lease ${name} ${silence}: ${renewed}`);
    }
  }
}

async function renew(
  { store, name, identity }: LeaseOptions,
  record: LeaseRecord,
): Promise<LeaseRecord> {
  const renewed = await store.replace(name, record);
  if (renewed !== null) return renewed;
  // A write whose answer was lost is ours too: only another holder ends it.
  const found = await store.read(name);
  if (found?.holder === identity) return found;
  const holder = found?.holder || 'nobody';
  throw new MgrpoError('STALE_EPOCH', `the Lease ${name} is held by ${holder} now`);
}

/** Why a renewal failed, unless the Lease is another's. */
function unlessStale(error: unknown): string {
  if (error instanceof MgrpoError && error.code === 'STALE_EPOCH') throw error;
  return messageOf(error);
}
