import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a link does with what comes in.
 *
 * - `open`: passes it on, after `delayMs`
 * - `refused`: ends connections, old and new
 * - `silent`: passes nothing on and says nothing, as a pulled cable: both ends believe in their connection
 */
export type LinkState =
  | { readonly kind: 'open'; readonly delayMs: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' };

const open: LinkState = { kind: 'open', delayMs: 0 };

/** A link between two processes of a test, which can be cut, slowed or silenced. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those that were open when the link fell silent: a cable that is back does not bring them back. */
  readonly #dead = new WeakSet<Socket>();
  #state: LinkState = open;
  #bytes = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** A link from a free port of `host` to `targetPort` on the loopback interface. */
  static async start(targetPort: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
    const proxy = new TcpProxy(server, address.port);
    server.on('connection', (near) => proxy.#join(near, targetPort));
    return proxy;
  }

  /** Bytes passed on so far. */
  get bytes(): number {
    return this.#bytes;
  }

  set state(state: LinkState) {
    this.#state = state;
    if (state.kind === 'refused') this.cut();
    if (state.kind === 'silent') for (const socket of this.#sockets) this.#dead.add(socket);
  }

  /** Heals the link. */
  open(): void {
    this.#state = open;
  }

  /** Ends all connections in whatever they are saying; new ones are let through. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, targetPort: number): void {
    if (this.#state.kind === 'refused') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    const ends = [near, far] as const;
    for (const [end, other] of [ends, [far, near] as const]) {
      this.#sockets.add(end);
      if (this.#state.kind === 'silent') this.#dead.add(end);
      end.setNoDelay(true);
      end.on('error', () => {});
      end.on('close', () => {
        this.#sockets.delete(end);
        if (!this.#dead.has(end)) other.destroy();
      });
    }
    void this.#pass(near, far);
    void this.#pass(far, near);
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const piece of from as AsyncIterable<Buffer>) {
        if (this.#dead.has(from)) continue;
        if (this.#state.kind === 'open' && this.#state.delayMs > 0)
          await sleep(this.#state.delayMs);
        this.#bytes += piece.length;
        if (!to.destroyed && !to.write(piece)) await once(to, 'drain');
      }
      if (!this.#dead.has(from)) to.end();
    } catch {
      // The connection was cut; `close` ends the other half.
    }
  }
}
