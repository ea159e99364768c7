import { SnapscrapeError } from '../../model/errors.ts';
import { invalidOptions } from '../../model/options.ts';
import { ClientLink } from './client-link.ts';
import { ClusterLink } from './cluster-link.ts';
import { KeptConnection } from './kept-connection.ts';
import type { RedisConnection } from './redis-address.ts';
import type { LinkPlan, RedisLink } from './redis-link.ts';
import { openSentinelLink } from './sentinel-link.ts';
import { type ClientOptions, type RedisLibrary, ServerConnection } from './server-connection.ts';

type OpenedConnection = Exclude<RedisConnection, { kind: 'client' }>;

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

/**
 * Opens a link. If the server is away it goes on trying; what waits for it has deadlines of its
 * own.
 *
 * Throws `invalid_options` if the client library refuses the options.
 */
export function openLink(
  { library, ...rest }: Omit<LinkPlan, 'library'> & { readonly library: RedisLibrary | undefined },
  connection: RedisConnection,
): RedisLink {
  if (connection.kind === 'client') return new ClientLink(rest, connection.client);
  const plan: LinkPlan = { ...rest, library: library! };
  assertClientOptions(plan.library, connection);
  switch (connection.kind) {
    case 'standalone':
      return openAddress(plan, connection.options);
    case 'sentinel':
      return openSentinelLink(plan, connection.options);
    case 'cluster':
      return new ClusterLink(plan, connection.options);
  }
}

/** A link to one server, or whatever is behind one address. */
function openAddress(plan: LinkPlan, options: ClientOptions): RedisLink {
  return new KeptConnection({
    ...plan,
    open: (deadline, onStage) => ServerConnection.open({ ...plan, options }, deadline, onStage),
  });
}

/** Throws at the start what the client library would throw at each connection. */
function assertClientOptions(library: RedisLibrary, connection: OpenedConnection): void {
  for (const given of clientOptionsOf(connection)) {
    const socket = given?.socket && { socket: { ...given.socket } };
    try {
      library.createClient({ ...given, ...socket }).destroy();
    } catch (error) {
      // Its message may have the URL in it, and that the password.
      const name = error instanceof Error ? error.name : 'error';
      throw invalidOptions('RedisStore', [
        `where.options (${connection.kind}) must be what @redis/client takes; it throws a ${name}`,
      ]);
    }
  }
}

function clientOptionsOf(connection: OpenedConnection): (ClientOptions | undefined)[] {
  const { kind, options } = connection;
  if (kind === 'standalone') return [options];
  if (kind === 'sentinel') {
    return [options.nodeClientOptions, options.sentinelClientOptions] as ClientOptions[];
  }
  return options.rootNodes.map((root) => ({ ...options.defaults, ...root })) as ClientOptions[];
}
