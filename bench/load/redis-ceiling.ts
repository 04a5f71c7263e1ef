import type { connectRedis } from '@mgrpo/queues';

const bytesPerToken = 12;
const inFlight = 16;
const milliseconds = 2000;

/**
 * Rollouts per second of Redis with nothing around it: payloads of the load's size are written, read as often as a load
 * reads them (by the voter, and those of the policy by the learner) and removed, over one connection.
 */
export async function redisCeiling(
  redis: ReturnType<typeof connectRedis>,
  { tokens, chunk }: { tokens: number; chunk: number },
): Promise<number> {
  const payload = Buffer.alloc(tokens * chunk * bytesPerToken, 1);
  const startMs = performance.now();
  let numPayloads = 0;
  const lane = async (name: string) => {
    for (; performance.now() - startMs < milliseconds; numPayloads += 2) {
      const [policy, momentum] = [`ceiling:${name}:p`, `ceiling:${name}:m`];
      await redis.set(policy, payload, 'NX');
      await redis.set(momentum, payload, 'NX');
      await redis.getBuffer(policy);
      await redis.getBuffer(momentum);
      await redis.getBuffer(policy);
      await redis.unlink(policy, momentum);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, i) => lane(`${i}`)));
  return (numPayloads * chunk * 1000) / (performance.now() - startMs);
}
