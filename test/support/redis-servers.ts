import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

/** A Redis server of a test's own, on a private port. */
export interface RedisServer {
  readonly port: number;
  /** `redis://127.0.0.1:port`. */
  readonly url: string;
  /** Runs `redis-cli` against it and answers with what that prints. */
  readonly cli: (...args: readonly string[]) => string;
  /**
   * Sends the process a signal: SIGSTOP hangs it, SIGCONT lets it go on, SIGKILL ends it at once.
   */
  signal(name: NodeJS.Signals): void;
  /** Starts it again on the same port, with what is in its folder, after it ended. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('No port');
  return address.port;
}

/**
 * Starts a server that keeps nothing on disk, unless the settings say so.
 *
 * @param settings - more settings, as in the configuration file: `['maxmemory', '10mb']`.
 */
export async function startRedis(
  settings: readonly (readonly [string, string])[] = [],
  program = 'redis-server',
): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'snapscrape-redis-'));
  const config = join(folder, 'redis.conf');
  const common = [
    ['port', `${port}`],
    ['bind', '127.0.0.1'],
    ['dir', folder],
    ...(program === 'redis-server'
      ? [
          ['save', '""'],
          ['appendonly', 'no'],
        ]
      : []),
  ];
  writeFileSync(config, [...common, ...settings].map((pair) => `${pair.join(' ')}\n`).join(''));
  let child = await launch(program, config, port);
  const signal = (name: NodeJS.Signals): void => {
    child.kill(name);
  };
  const ended = (): Promise<void> => until('the server ends', () => !running.has(child));
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    cli: (...args) => cli(port, args),
    signal,
    restart: async () => {
      await ended();
      child = await launch(program, config, port);
    },
    stop: async () => {
      signal('SIGCONT');
      signal('SIGKILL');
      await ended();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(program: string, config: string, port: number): Promise<ChildProcess> {
  const child = spawn(program, [config], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  running.add(child);
  child.on('error', (error) => {
    output += error.message;
    running.delete(child);
  });
  child.on('close', () => running.delete(child));
  const isUp = (): boolean => /Ready to accept connections|Sentinel ID is/.test(output);
  await until(`${program} starts at ${port}`, () => isUp() || !running.has(child));
  if (!isUp()) throw new Error(`${program} ended and had printed only:\n${output}`);
  return child;
}

function cli(port: number, args: readonly string[]): string {
  return execFileSync('redis-cli', ['-p', `${port}`, ...args], { encoding: 'utf8' }).trim();
}

/** A cluster of masters without replicas. */
export interface RedisCluster {
  readonly servers: readonly RedisServer[];
  /** `redis-cluster://…`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a cluster of so many masters, each with its share of the slots. */
export async function startRedisCluster(masters = 3): Promise<RedisCluster> {
  const servers: RedisServer[] = [];
  for (let i = 0; i < masters; i++) {
    const busPort = `${await freePort()}`;
    servers.push(
      await startRedis([
        ['cluster-enabled', 'yes'],
        ['cluster-config-file', 'nodes.conf'],
        ['cluster-port', busPort],
        ['cluster-node-timeout', '2000'],
        ['cluster-require-full-coverage', 'no'],
      ]),
    );
  }
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  servers[0]!.cli('--cluster', 'create', ...addresses, '--cluster-yes');
  const isWhole = (server: RedisServer): boolean => {
    const info = server.cli('cluster', 'info');
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters}`);
  };
  await until('the cluster is whole', () => servers.every(isWhole), 30_000);
  return {
    servers,
    url: `redis-cluster://${addresses.join(',')}`,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** A master with replicas, and Sentinels that watch them. */
export interface WatchedRedis {
  readonly servers: readonly RedisServer[];
  /** `redis-sentinel://…/mymaster`. */
  readonly url: string;
  /** The server that the Sentinels hold for the master. */
  master(): RedisServer;
  stop(): Promise<void>;
}

/** Starts one master, two replicas and three Sentinels. */
export async function startWatchedRedis(): Promise<WatchedRedis> {
  const first = await startRedis([['repl-diskless-sync-delay', '0']]);
  const replicas = await Promise.all(
    [1, 2].map(() =>
      startRedis([
        ['replicaof', `127.0.0.1 ${first.port}`],
        ['repl-diskless-sync-delay', '0'],
      ]),
    ),
  );
  const servers = [first, ...replicas];
  const isSynced = ({ cli: ask }: RedisServer): boolean =>
    ask('info', 'replication').includes('master_link_status:up');
  await until('the replicas follow', () => replicas.every(isSynced), 30_000);
  const sentinels = await Promise.all(
    [1, 2, 3].map(() =>
      startRedis(
        [
          ['sentinel', `monitor mymaster 127.0.0.1 ${first.port} 2`],
          ['sentinel', 'down-after-milliseconds mymaster 1000'],
          ['sentinel', 'failover-timeout mymaster 5000'],
        ],
        'redis-sentinel',
      ),
    ),
  );
  const field = (name: string): string => {
    const lines = sentinels[0]!.cli('sentinel', 'master', 'mymaster').split('\n');
    return lines[lines.indexOf(name) + 1] ?? '';
  };
  const isWatched = (): boolean =>
    field('num-other-sentinels') === '2' && field('num-slaves') === '2';
  await until('the Sentinels know all', isWatched, 30_000);
  const addresses = sentinels.map(({ port }) => `127.0.0.1:${port}`);
  return {
    servers,
    url: `redis-sentinel://${addresses.join(',')}/mymaster`,
    master: () => {
      const [, port] = sentinels[0]!
        .cli('sentinel', 'get-master-addr-by-name', 'mymaster')
        .split('\n');
      return servers.find((server) => `${server.port}` === port)!;
    },
    stop: async () => {
      await Promise.all([...sentinels, ...servers].map((server) => server.stop()));
    },
  };
}
