import { afterEach } from 'vitest';
import type { RedisConnection } from '../../src/stores/redis/redis-address.ts';
import {
  type RedisServer,
  startRedis,
  startRedisCluster,
  startWatchedRedis,
} from './redis-servers.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

const stopping: (() => unknown)[] = [];

/** Stops, after each test of the enclosing suite, what it has started. */
export function stopAfterEach(): void {
  afterEach(async () => {
    for (const stop of stopping.splice(0).reverse()) await stop();
  });
}

/** Has something stopped after the test. */
export function stopLater(stop: () => unknown): void {
  stopping.push(stop);
}

/** A server that is stopped after the test. */
export async function redisWith(...settings: readonly [string, string][]): Promise<RedisServer> {
  const server = await startRedis(settings);
  stopLater(() => server.stop());
  return server;
}

/** Servers that are reached through proxies alone. */
export interface ReachedRedis {
  readonly where: RedisConnection;
  /** Those before the servers with data, and those before Sentinels. */
  readonly proxies: readonly TcpProxy[];
  readonly servers: readonly RedisServer[];
  /** The same without proxies. */
  readonly directly: string;
}

/** A proxy that is stopped after the test. */
export async function proxyTo(port: number): Promise<TcpProxy> {
  const proxy = await startTcpProxy(port);
  stopping.push(() => proxy.stop());
  return proxy;
}

/** The kinds of Redis, each started for one test. */
export const REACHED: Readonly<Record<string, () => Promise<ReachedRedis>>> = {
  standalone: async () => {
    const server = await startRedis();
    stopping.push(() => server.stop());
    const proxy = await proxyTo(server.port);
    const socket = { host: '127.0.0.1', port: proxy.port };
    return {
      where: { kind: 'standalone', options: { socket } },
      proxies: [proxy],
      servers: [server],
      directly: server.url,
    };
  },
  sentinel: async () => {
    const watched = await startWatchedRedis();
    stopping.push(() => watched.stop());
    const sentinelPorts = portsOf(watched.url);
    const sentinels = await Promise.all(sentinelPorts.map(proxyTo));
    const nodes = await Promise.all(watched.servers.map(({ port }) => proxyTo(port)));
    return {
      where: {
        kind: 'sentinel',
        options: {
          name: 'mymaster',
          sentinelRootNodes: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
          nodeAddressMap: {
            ...addressMap(watched.servers, nodes),
            ...addressMap(
              sentinelPorts.map((port) => ({ port })),
              sentinels,
            ),
          },
        },
      },
      proxies: [...sentinels, ...nodes],
      servers: watched.servers,
      directly: watched.url,
    };
  },
  cluster: async () => {
    const cluster = await startRedisCluster();
    stopping.push(() => cluster.stop());
    const proxies = await Promise.all(cluster.servers.map(({ port }) => proxyTo(port)));
    return {
      where: {
        kind: 'cluster',
        options: {
          rootNodes: proxies.map(({ port }) => ({ socket: { host: '127.0.0.1', port } })),
          nodeAddressMap: addressMap(cluster.servers, proxies),
        },
      },
      proxies,
      servers: cluster.servers,
      directly: cluster.url,
    };
  },
};

function portsOf(url: string): number[] {
  return [...url.matchAll(/:(\d+)/g)].map((match) => Number(match[1]));
}

function addressMap(
  servers: readonly { readonly port: number }[],
  proxies: readonly TcpProxy[],
): Record<string, { host: string; port: number }> {
  return Object.fromEntries(
    servers.map(({ port }, i) => [
      `127.0.0.1:${port}`,
      { host: '127.0.0.1', port: proxies[i]!.port },
    ]),
  );
}
