import { once } from 'node:events';
import { type AddressInfo, createServer, connect as openSocket, type Socket } from 'node:net';

/** A TCP proxy on the way to a server of this machine: it counts, hangs and cuts. */
export interface TcpProxy {
  port: number;
  /** Bytes that the server has sent through it. */
  bytesOut(): number;
  /** Passes nothing on, and closes nothing, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Cuts every connection once the server has sent `afterBytes` more, and refuses new ones. */
  cut(afterBytes?: number): void;
  close(): Promise<void>;
}

export async function openProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let bytesOut = 0;
  let cutAt = Number.POSITIVE_INFINITY;
  let isFrozen = false;
  const cutAll = () => {
    for (const socket of [...pairs].flat()) socket.destroy();
  };
  const server = createServer((client) => {
    if (bytesOut >= cutAt) return void client.destroy();
    const upstream = openSocket(target, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('error', () => {});
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
      from.on('data', (data) => {
        if (from === upstream) bytesOut += data.length;
        if (!to.write(data)) from.pause();
        if (bytesOut >= cutAt) cutAll();
      });
      to.on('drain', () => isFrozen || from.resume());
      if (isFrozen) from.pause();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    bytesOut: () => bytesOut,
    freeze: () => {
      isFrozen = true;
      for (const socket of [...pairs].flat()) socket.pause();
    },
    thaw: () => {
      isFrozen = false;
      for (const socket of [...pairs].flat()) socket.resume();
    },
    cut: (afterBytes = 0) => {
      cutAt = bytesOut + afterBytes;
      if (afterBytes === 0) cutAll();
    },
    close: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
