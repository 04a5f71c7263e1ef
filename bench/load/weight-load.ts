import { Child, type FromChild } from './usage.ts';

export interface WeightSettings {
  readonly mib: number;
  readonly subscribers: number;
  /** Relays of each level from the learner down; empty: subscribers ask the learner. */
  readonly relays: readonly number[];
  readonly processes: number;
  readonly versions: number;
}

/** What a fan-out took; of each figure the median over the versions. */
export interface WeightFigures {
  /** From publication until the last subscriber has hashed the version. */
  readonly seconds: number;
  readonly firstSeconds: number;
  /** Of all subscribers together. */
  readonly mibPerSecond: number;
  /** What the learner sent of one version, in versions. */
  readonly learnerEgress: number;
  readonly cpuSeconds: Readonly<Record<'learner' | 'relays' | 'subscribers', number>>;
}

/** Publishes versions to subscribers and waits each time until all have it. */
export async function weightLoad(settings: WeightSettings): Promise<WeightFigures> {
  const { mib, subscribers, relays, processes, versions } = settings;
  const numBytes = mib * 2 ** 20;
  const children: Child[] = [];
  const inbox = new Inbox();
  const open = async (name: string, argument: object) => {
    const child = new Child({ name, argument }, (message) => inbox.take(message));
    children.push(child);
    return await child.ready;
  };
  try {
    let parents = [await open('publisher', { numBytes })];
    const [learner] = children as [Child];
    for (const width of relays) {
      const level = Array.from({ length: width }, (_, i) =>
        open('relay', { parent: parents[i % parents.length], numBytes }),
      );
      parents = await Promise.all(level);
    }
    const numProcesses = Math.min(processes, subscribers);
    await Promise.all(
      Array.from({ length: numProcesses }, (_, p) => {
        const own = Math.ceil((subscribers - p) / numProcesses);
        const at = Array.from({ length: own }, (_, i) => parents[(p + i) % parents.length]);
        return open('subscribers', { parents: at });
      }),
    );
    const seconds: number[] = [];
    const firstSeconds: number[] = [];
    // The first version also opens the connections.
    let before = new Map<Child, number>();
    for (let version = 0; version <= versions; version++) {
      if (version === 1) before = cpuOf(children);
      learner.send('publish');
      const times = await inbox.untilReceived(subscribers);
      if (version === 0) continue;
      seconds.push(times.last);
      firstSeconds.push(times.first);
    }
    await new Promise((resolve) => setTimeout(resolve, 600));
    const after = cpuOf(children);
    const cpuSeconds = (name: string) =>
      children
        .filter((child) => child.name === name)
        .reduce((sum, child) => sum + after.get(child)! - before.get(child)!, 0) / versions;
    learner.send('sent');
    const sentBytes = await inbox.sentBytes;
    return {
      seconds: median(seconds),
      firstSeconds: median(firstSeconds),
      mibPerSecond: (subscribers * mib) / median(seconds),
      learnerEgress: sentBytes / numBytes / (versions + 1),
      cpuSeconds: {
        learner: cpuSeconds('publisher'),
        relays: cpuSeconds('relay'),
        subscribers: cpuSeconds('subscribers'),
      },
    };
  } finally {
    await Promise.all(children.map((child) => child.close()));
  }
}

function cpuOf(children: readonly Child[]): Map<Child, number> {
  return new Map(children.map((child) => [child, child.usage.cpuMs / 1000]));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** What the processes say of versions on their way. */
class Inbox {
  readonly #sent = Promise.withResolvers<number>();
  #publishedAtMs = 0;
  #received: number[] = [];
  #changed = Promise.withResolvers<void>();

  get sentBytes(): Promise<number> {
    return this.#sent.promise;
  }

  take(message: FromChild): void {
    if (message.kind === 'sent') this.#sent.resolve(message.bytes);
    if (message.kind === 'published') this.#publishedAtMs = message.atMs;
    if (message.kind === 'received') this.#received.push(message.atMs);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async untilReceived(count: number): Promise<{ first: number; last: number }> {
    while (this.#received.length < count) await this.#changed.promise;
    const times = this.#received.map((atMs) => (atMs - this.#publishedAtMs) / 1000);
    this.#received = [];
    return { first: Math.min(...times), last: Math.max(...times) };
  }
}
