import { messageOf } from '@mgrpo/errors';
import type { Redis } from 'ioredis';
import { z } from 'zod';

const signSchema = z.strictObject({
  service: z.string(),
  process: z.string(),
  state: z.string(),
  weightVersions: z.array(z.int().min(0)),
  jobs: z.int().min(0),
});

/** What a process of a run says of itself once a second. */
export type SignOfLife = z.infer<typeof signSchema>;

const everyMs = 1000;
/** A process that has said nothing for so long is not counted. */
const lifeMs = 5000;

export interface PresenceOptions {
  redis: Redis;
  prefix: string;
  describe(): SignOfLife;
  onError(error: Error): void;
}

/** Keeps a process among those that `livingServices` lists. For people and for counting; no result depends on it. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #timer: NodeJS.Timeout;
  /** Said when Redis is back; more would only pile up. */
  #isUnderWay = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    void this.#say();
    this.#timer = setInterval(() => void this.#say(), everyMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #say(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { redis, prefix, describe, onError } = this.#options;
    try {
      const sign = describe();
      await redis.set(`${prefix}:alive:${sign.process}`, JSON.stringify(sign), 'PX', lifeMs);
      await redis.sadd(`${prefix}:processes`, sign.process);
    } catch (error) {
      onError(new Error(`no sign of life could be given: ${messageOf(error)}`));
    } finally {
      this.#isUnderWay = false;
    }
  }
}

/** The processes of a run that are alive, by name; those that are not are forgotten, and signs of another kind skipped. */
export async function livingServices(redis: Redis, prefix: string): Promise<SignOfLife[]> {
  const names = (await redis.smembers(`${prefix}:processes`)).sort();
  if (names.length === 0) return [];
  const signs = await redis.mget(names.map((name) => `${prefix}:alive:${name}`));
  const gone = names.filter((_name, i) => signs[i] === null);
  if (gone.length > 0) await redis.srem(`${prefix}:processes`, ...gone);
  return signs.flatMap((text) => signOf(text) ?? []);
}

/** Null for what is no sign of ours: who only counts processes must not fail by what one of them wrote. */
function signOf(text: string | null): SignOfLife | null {
  try {
    return signSchema.safeParse(JSON.parse(text ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}
