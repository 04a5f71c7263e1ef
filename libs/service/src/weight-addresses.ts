import { createHash } from 'node:crypto';

/**
 * Where a subscriber takes weights from, best first: two of the relays, then the learner.
 *
 * Relays are ordered by a hash of the subscriber's name with theirs (rendezvous hashing): subscribers spread evenly, each
 * has its own second choice, and a relay more or less moves only its own share.
 */
export function weightAddresses(
  subscriber: string,
  relays: readonly string[],
  learner: string,
): string[] {
  const rank = (relay: string) =>
    createHash('sha256').update(`${subscriber}\n${relay}`).digest('hex');
  const ranked = relays
    .map((relay) => ({ relay, rank: rank(relay) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return [...ranked.slice(0, 2).map(({ relay }) => relay), learner];
}
