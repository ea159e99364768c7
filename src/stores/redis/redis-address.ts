import type { RedisClientOptions, RedisClusterOptions, RedisSentinelOptions } from '@redis/client';
import { invalidOptions } from '../../model/options.ts';

/** The part that is used of a client that `createClient` of `@redis/client` or `redis` made. */
export interface GivenClient {
  readonly isReady: boolean;
  sendCommand(args: string[], options?: { typeMapping: object }): Promise<unknown>;
  on(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown;
  off(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown;
}

/** How to reach Redis or Valkey, with everything that `@redis/client` has options for. */
export type RedisConnection =
  | {
      /** One server, or what is behind one address. */
      readonly kind: 'standalone';
      /** What `createClient` takes. */
      readonly options: RedisClientOptions;
    }
  | {
      /** A master that Sentinels watch and replace. */
      readonly kind: 'sentinel';
      /** What `createSentinel` takes. */
      readonly options: RedisSentinelOptions;
    }
  | {
      /** A Redis Cluster. */
      readonly kind: 'cluster';
      /** What `createCluster` takes. */
      readonly options: RedisClusterOptions;
    }
  | {
      /** A client of one server that the user has; the user connects and closes it. */
      readonly kind: 'client';
      /** What `createClient` of version 5 or newer returns, with an unbounded queue. */
      readonly client: GivenClient;
    };

interface Address {
  readonly scheme: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly path: readonly string[];
}

const ADDRESS = /^([a-z+-]+):\/\/(?:([^@/]*)@)?([^@/?#]+)((?:\/[^/?#]*)*)$/;
const NODE = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;
const SCHEMES: Readonly<Record<string, { kind: RedisConnection['kind']; tls: boolean }>> = {
  redis: { kind: 'standalone', tls: false },
  rediss: { kind: 'standalone', tls: true },
  'redis-sentinel': { kind: 'sentinel', tls: false },
  'rediss-sentinel': { kind: 'sentinel', tls: true },
  'redis-cluster': { kind: 'cluster', tls: false },
  'rediss-cluster': { kind: 'cluster', tls: true },
};
const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

/**
 * Reads a URL: `redis://[user[:password]@]host[:port][/database]`, and the same with `rediss` for
 * TLS; `redis-cluster://…host:port,host:port`;
 * `redis-sentinel://…host:port,host:port/master[/database]`.
 *
 * Throws `invalid_options`; the message never has any part of the URL, which may hold a password.
 */
export function parseRedisUrl(url: string): RedisConnection {
  const address = parseAddress(url);
  const scheme = address && Object.hasOwn(SCHEMES, address.scheme) && SCHEMES[address.scheme];
  const connection = scheme ? connectionOf(address, scheme.kind, scheme.tls) : undefined;
  if (connection !== undefined) return connection;
  throw invalidOptions('RedisStore', [
    'the URL must be redis[s]://[user[:password]@]host[:port][/database], ' +
      'redis[s]-cluster://[…@]host:port[,host:port…] or ' +
      'redis[s]-sentinel://[…@]host:port[,host:port…]/master[/database]; escape with %XX what has a meaning there',
  ]);
}

function parseAddress(url: string): Address | undefined {
  const match = ADDRESS.exec(url);
  if (match === null) return undefined;
  const [, scheme = '', credentials, hosts = '', path = ''] = match;
  const port = scheme.endsWith('-sentinel') ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
  const nodes = hosts.split(',').map((host) => parseNode(host, port));
  if (!nodes.every((node) => node !== undefined)) return undefined;
  const colon = credentials?.indexOf(':') ?? -1;
  try {
    const password = colon < 0 ? undefined : decodeURIComponent(credentials!.slice(colon + 1));
    const user = decodeURIComponent(colon < 0 ? (credentials ?? '') : credentials!.slice(0, colon));
    const segments = path.split('/').slice(1).map(decodeURIComponent);
    const username = user === '' ? undefined : user;
    return { scheme, username, password, nodes, path: segments.filter((part) => part !== '') };
  } catch {
    return undefined; // A % that begins no escape.
  }
}

function parseNode(text: string, defaultPort: number): { host: string; port: number } | undefined {
  const match = NODE.exec(text);
  if (match === null) return undefined;
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  return port > 0 && port < 65_536 ? { host: match[1]!.replace(/^\[|\]$/g, ''), port } : undefined;
}

function connectionOf(
  { username, password, nodes, path }: Address,
  kind: RedisConnection['kind'],
  tls: boolean,
): RedisConnection | undefined {
  const name = kind === 'sentinel' ? path[0] : undefined;
  const [databaseText, ...rest] = kind === 'sentinel' ? path.slice(1) : path;
  if (rest.length > 0 || (kind === 'sentinel' && name === undefined)) return undefined;
  if (databaseText !== undefined && !/^\d{1,5}$/.test(databaseText)) return undefined;
  const database = databaseText === undefined ? {} : { database: Number(databaseText) };
  const user = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
  const secured = tls ? { socket: { tls: true as const } } : {};
  if (kind === 'sentinel') {
    const nodeClientOptions = { ...user, ...database, ...secured };
    const options = { name: name!, sentinelRootNodes: [...nodes], nodeClientOptions };
    return { kind, options: { ...options, ...(tls && { sentinelClientOptions: secured }) } };
  }
  if (kind === 'cluster') {
    // Databases are a thing of single servers.
    if (databaseText !== undefined) return undefined;
    const defaults = { ...user, ...secured };
    const rootNodes = nodes.map((node) => ({
      ...defaults,
      socket: { ...node, ...socketTls(tls) },
    }));
    return { kind, options: { rootNodes, defaults } };
  }
  if (nodes.length > 1) return undefined;
  return {
    kind: 'standalone',
    options: { ...user, ...database, socket: { ...nodes[0]!, ...socketTls(tls) } },
  };
}

function socketTls(tls: boolean): { tls: true } | Record<string, never> {
  return tls ? { tls: true } : {};
}

/** Checks where a store is to be: a URL, or a connection with the client library's own options. */
export function checkConnection(where: unknown): RedisConnection {
  if (typeof where === 'string') return parseRedisUrl(where);
  const { kind, options } = (where ?? {}) as { kind?: unknown; options?: unknown };
  if (kind === 'client') return checkClient(where as { readonly client: unknown });
  const isKnown = kind === 'standalone' || kind === 'sentinel' || kind === 'cluster';
  if (!isKnown || typeof options !== 'object' || options === null) {
    throw invalidOptions('RedisStore', [
      "where must be a URL, or an object with a kind ('standalone', 'sentinel' or 'cluster') and options",
    ]);
  }
  const { name, sentinelRootNodes, rootNodes } = options as Record<string, unknown>;
  const faults: string[] = [];
  if (kind === 'sentinel') {
    if (typeof name !== 'string') faults.push('where.options.name must be the name of the master');
    if (!isList(sentinelRootNodes)) {
      faults.push('where.options.sentinelRootNodes must list at least one Sentinel');
    }
  }
  if (kind === 'cluster' && !isList(rootNodes)) {
    faults.push('where.options.rootNodes must list at least one server');
  }
  if (faults.length > 0) throw invalidOptions('RedisStore', faults);
  return where as RedisConnection;
}

function checkClient({ client }: { readonly client: unknown }): RedisConnection {
  const given = Object(client) as Partial<GivenClient> & {
    options?: { commandsQueueMaxLength?: number };
  };
  const isClient =
    typeof given.isReady === 'boolean' &&
    [given.sendCommand, given.on, given.off].every((method) => typeof method === 'function');
  if (!isClient) {
    throw invalidOptions('RedisStore', [
      'where.client must be what createClient of @redis/client returns',
    ]);
  }
  if (
    (given.options?.commandsQueueMaxLength ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY
  ) {
    throw invalidOptions('RedisStore', [
      'where.client must be made without commandsQueueMaxLength, as a full queue would look like a broken connection',
    ]);
  }
  return { kind: 'client', client: given as GivenClient };
}

function isList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'object' && item !== null)
  );
}
