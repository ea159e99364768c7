import { createServer, connect as dial, type Socket } from 'node:net';

/** What becomes of bytes on their way. */
export type ProxyFault =
  /** They pass. */
  | 'none'
  /** What the client sends is held back, and delivered after the fault. */
  | 'hold requests'
  /** What the server sends is held back, and delivered after the fault. */
  | 'hold replies'
  /** All bytes are lost: a connection that was used or made meanwhile stays dead. */
  | 'lose all'
  /** Connections are cut, and new ones are cut as soon as they are made. */
  | 'cut';

/** A TCP proxy on a private port, with faults. */
export interface TcpProxy {
  port: number;
  /** How many connections were accepted so far. */
  readonly accepted: number;
  /** How many connections are open. */
  readonly open: number;
  /** Where new connections go. */
  target: number;
  /** By how many ms each chunk is delayed, in both directions. */
  delayMs: number;
  /** Begins or ends a fault; what was held back is delivered when it ends. */
  setFault(fault: ProxyFault): void;
  /**
   * Delivers the next chunk of requests that has such a text, then cuts its connection before the
   * reply.
   */
  cutAfterRequest(text: string): void;
  /** All bytes that clients sent, as text. */
  readonly requests: () => string;
  stop(): Promise<void>;
}

interface Held {
  readonly to: Socket;
  readonly chunk: Buffer;
}

/** Starts a proxy to a port of this host. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const held: Held[] = [];
  const requests: Buffer[] = [];
  let fault: ProxyFault = 'none';
  let accepted = 0;
  let open = 0;
  let cutAfter: string | undefined;
  const proxy: TcpProxy = {
    port: 0,
    target,
    delayMs: 0,
    get accepted() {
      return accepted;
    },
    get open() {
      return open;
    },
    setFault: (next) => {
      fault = next;
      if (fault === 'cut') for (const socket of sockets) socket.resetAndDestroy();
      for (const { to, chunk } of held.splice(0)) if (!to.destroyed) to.write(chunk);
    },
    cutAfterRequest: (text) => {
      cutAfter = text;
    },
    requests: () => Buffer.concat(requests).toString('latin1'),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((client) => {
    accepted++;
    if (fault === 'cut') {
      client.resetAndDestroy();
      return;
    }
    open++;
    client.on('close', () => open--);
    const upstream = dial(proxy.target, '127.0.0.1');
    let isDead = false;
    const pipe = (from: Socket, to: Socket, isRequest: boolean): void => {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (isRequest) requests.push(chunk);
        isDead ||= fault === 'lose all';
        if (isDead) return;
        if (fault === (isRequest ? 'hold requests' : 'hold replies')) {
          held.push({ to, chunk });
          return;
        }
        if (proxy.delayMs === 0) to.write(chunk);
        else setTimeout(() => to.destroyed || to.write(chunk), proxy.delayMs);
        if (isRequest && cutAfter !== undefined && chunk.includes(cutAfter)) {
          cutAfter = undefined;
          isDead = true;
          // The server has the time to carry it out.
          setTimeout(() => client.destroy(), 50);
        }
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        if (!isDead) to.destroy();
      });
    };
    pipe(client, upstream, true);
    pipe(upstream, client, false);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('No port');
  proxy.port = address.port;
  return proxy;
}
