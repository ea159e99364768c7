import type * as RedisClient from '@redis/client';
import { SnapscrapeError } from '../../model/errors.ts';
import type { RedisConnection } from './redis-address.ts';

/** A way to send commands, whichever kind of client is behind it. */
export interface RedisLink {
  /** Sends a command; `key` decides on the server where there are several. */
  send(key: string, args: readonly string[]): Promise<unknown>;
  /** Whether a command that is sent now would go out at once. */
  isReady(): boolean;
  /** Whether it has given up: another link must be opened. */
  hasFailed(): boolean;
  /** Ends it; whatever waits for an answer rejects. */
  destroy(): void;
}

/** The part of `@redis/client` that is used. */
export type RedisLibrary = typeof RedisClient;

const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
// Connections of the pool that Sentinel's client keeps to the master: it lends one to each command.
const SENTINEL_POOL = 4;
const SENTINEL_SCAN_MS = 2_000;

/** Loads `@redis/client`. Rejects with `dependency_missing` if it is not installed, or too old. */
export async function loadRedisLibrary(): Promise<RedisLibrary> {
  const library = await importRedisLibrary();
  // Version 6 is the first to export its class.
  if ('RedisClient' in library) return library;
  throw new SnapscrapeError(
    'dependency_missing',
    'RedisStore needs version 6 of the package @redis/client, or a newer one, and an older one is installed; ' +
      'install it: npm install @redis/client@6',
  );
}

async function importRedisLibrary(): Promise<RedisLibrary> {
  try {
    return await import('@redis/client');
  } catch (cause) {
    throw new SnapscrapeError(
      'dependency_missing',
      'RedisStore needs the package @redis/client, which cannot be loaded; install it: npm install @redis/client',
      { cause },
    );
  }
}

/** How long to wait before the next try to connect: longer each time, and never all at once. */
function pauseBefore(retries: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** Math.min(retries, 10));
  return longest / 2 + (Math.random() * longest) / 2;
}

/**
 * Connects. Where the server is away the client goes on trying; what waits for it has deadlines of its own.
 *
 * @param onError - told what went wrong with the connection while nobody waited for it.
 */
export function openLink(
  library: RedisLibrary,
  connection: RedisConnection,
  timeout: number,
  onError: (error: unknown) => void,
): RedisLink {
  switch (connection.kind) {
    case 'standalone':
      return watch(openStandalone(library, connection.options, timeout), onError);
    case 'sentinel':
      return watch(openSentinel(library, connection.options, timeout), onError);
    case 'cluster':
      return watch(openCluster(library, connection.options, timeout), onError);
  }
}

// The client's own timeouts cost twice the time of a command and do not end one that was sent.
const COMMAND_OPTIONS = { timeout: 0 };

/** What the three kinds of client have in common. */
interface Client {
  readonly isReady: boolean;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

interface ClusterNode {
  readonly connectPromise?: Promise<{ destroy(): unknown }> | undefined;
}

interface ClusterClient extends Client {
  readonly masters: readonly ClusterNode[];
  readonly replicas: readonly ClusterNode[];
}

interface Opened {
  readonly client: Client;
  readonly send: RedisLink['send'];
}

function watch({ client, send }: Opened, onError: (error: unknown) => void): RedisLink {
  let hasFailed = false;
  client.on('error', onError);
  const opened = client.connect().catch((error: unknown) => {
    hasFailed = true;
    onError(error);
  });
  return {
    send,
    isReady: () => client.isReady,
    hasFailed: () => hasFailed,
    destroy: () => {
      // Some clients throw when they were never open, others reject later.
      const end = (): Promise<unknown> =>
        Promise.resolve()
          .then(() => client.destroy())
          .catch(() => undefined);
      void end();
      // A socket that was being connected is not the client's yet: it would live on, and the process with it.
      void opened.then(end);
    },
  };
}

function openStandalone(
  library: RedisLibrary,
  options: RedisClient.RedisClientOptions,
  timeout: number,
): Opened {
  const client = library.createClient({
    ...options,
    socket: { connectTimeout: timeout, reconnectStrategy: pauseBefore, ...options.socket },
    commandOptions: COMMAND_OPTIONS,
    // What waits for the connection waits here, where deadlines are kept.
    disableOfflineQueue: true,
  });
  return { client, send: (_key, args) => client.sendCommand([...args]) };
}

function openSentinel(
  library: RedisLibrary,
  options: RedisClient.RedisSentinelOptions,
  timeout: number,
): Opened {
  const { nodeClientOptions, sentinelClientOptions } = options;
  const client = library.createSentinel({
    masterPoolSize: SENTINEL_POOL,
    scanInterval: SENTINEL_SCAN_MS,
    ...options,
    commandOptions: COMMAND_OPTIONS,
    nodeClientOptions: {
      ...nodeClientOptions,
      socket: { connectTimeout: timeout, ...nodeClientOptions?.socket },
      disableOfflineQueue: true,
    },
    sentinelClientOptions: {
      ...sentinelClientOptions,
      socket: { connectTimeout: timeout, ...sentinelClientOptions?.socket },
    },
  });
  return { client, send: (_key, args) => client.sendCommand(false, [...args]) };
}

function openCluster(
  library: RedisLibrary,
  options: RedisClient.RedisClusterOptions,
  timeout: number,
): Opened {
  const { defaults } = options;
  let isEnding = false;
  const pauseUnlessEnding = (retries: number): number | false =>
    isEnding ? false : pauseBefore(retries);
  const client = library.createCluster({
    ...options,
    // Short connections that ask where the slots are: the client waits for their answers for ever.
    rootNodes: options.rootNodes.map((node) => ({
      ...node,
      socket: { socketTimeout: timeout, ...node.socket },
    })),
    commandOptions: COMMAND_OPTIONS,
    defaults: {
      ...defaults,
      socket: {
        connectTimeout: timeout,
        reconnectStrategy: pauseUnlessEnding,
        ...defaults?.socket,
      },
      disableOfflineQueue: true,
    },
  });
  const onEnd = (): void => {
    isEnding = true;
  };
  return {
    client: endedAfterConnecting(client, onEnd),
    send: (key, args) => client.sendCommand(key, false, [...args]),
  };
}

/** Ended while it connects, a cluster's client forgets connections that it goes on to make; this one waits. */
function endedAfterConnecting(client: ClusterClient, onEnd: () => void): Client {
  let connecting: Promise<unknown> = Promise.resolve();
  return {
    get isReady() {
      return client.isReady;
    },
    on: (event, listener) => client.on(event, listener),
    connect: () => (connecting = client.connect()),
    destroy: async () => {
      onEnd();
      await connecting.catch(() => undefined);
      const nodes = [...client.masters, ...client.replicas];
      const opening = nodes.flatMap(({ connectPromise }) => connectPromise ?? []);
      client.destroy();
      for (const node of await Promise.allSettled(opening)) {
        if (node.status === 'fulfilled') node.value.destroy();
      }
    },
  };
}
