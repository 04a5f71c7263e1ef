import type { connectRedis } from '@mgrpo/queues';

type Redis = ReturnType<typeof connectRedis>;

/** Redis's memory and processor time, as it tells them. */
export class RedisWatch {
  readonly #redis: Redis;
  #most = { usedMib: 0, residentMib: 0, clients: 0 };
  #maxClients = 0;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async look(): Promise<{ cpuMs: number; usedMib: number }> {
    const text = await this.#redis.info();
    const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1]);
    const mib = (name: string) => Math.round(field(name) / 2 ** 20);
    const usedMib = mib('used_memory');
    this.#maxClients = field('maxclients');
    this.#most = {
      usedMib: Math.max(mib('used_memory_peak'), usedMib),
      residentMib: Math.max(this.#most.residentMib, mib('used_memory_rss')),
      clients: Math.max(this.#most.clients, field('connected_clients')),
    };
    const parts = ['sys', 'user', 'sys_children', 'user_children'];
    const cpuMs = parts.reduce((sum, part) => sum + 1000 * field(`used_cpu_${part}`), 0);
    return { cpuMs, usedMib };
  }

  /** The most that was seen. */
  figures() {
    return { ...this.#most, maxClients: this.#maxClients };
  }
}
