import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** What this process was given: whoever asked may not listen there yet. */
const given = new Set<number>();

/**
 * A TCP port of the loopback interface that nothing listens on now, another each time.
 *
 * Below those that operating systems give to outgoing connections (32768 on Linux, 49152 elsewhere): one of these
 * could take the port before its service listens.
 *
 * @throws whatever else than a taken port keeps a server from listening
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
