import type { RedisSentinelOptions } from '@redis/client';
import { KeptConnection } from './kept-connection.ts';
import type { LinkPlan, RedisLink } from './redis-link.ts';
import {
  type AddressMap,
  findMaster,
  mappedAddress,
  type NodeAddress,
  type WatchedMaster,
} from './sentinel-lookup.ts';
import {
  type ClientOptions,
  type Deadline,
  type OnStage,
  ServerConnection,
} from './server-connection.ts';
import { TickedDeadline } from './tick-timer.ts';

const SCAN_MS = 2_000;
// How many are asked at once, at most.
const MOST_SENTINELS = 16;

/**
 * A connection to the master that Sentinels name; they are asked at each opening, and now and then.
 */
export function openSentinelLink(plan: LinkPlan, options: RedisSentinelOptions): RedisLink {
  const watch = new MasterWatch(plan, options);
  const connection = new KeptConnection({
    ...plan,
    open: (deadline, onStage) => watch.openMaster(deadline, onStage),
    onDestroy: () => watch.end(),
  });
  watch.begin(connection);
  return connection;
}

/** Knows the Sentinels and, from them, the master. */
class MasterWatch {
  readonly #plan: LinkPlan;
  readonly #options: RedisSentinelOptions;
  readonly #addresses: AddressMap | undefined;
  #master: NodeAddress | undefined;
  // Those that the given ones know, so that the given ones may go.
  #otherSentinels: readonly NodeAddress[] = [];
  #scanTimer: NodeJS.Timeout | undefined;
  #scanDeadline: TickedDeadline | undefined;
  #isEnded = false;

  constructor(plan: LinkPlan, options: RedisSentinelOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#addresses = options.nodeAddressMap as AddressMap | undefined;
  }

  /** Connects to the master as it is now. */
  async openMaster(deadline: Deadline, onStage: OnStage): Promise<ServerConnection> {
    const { nodeClientOptions, RESP } = this.#options;
    const { master, sentinels } = await this.#findMaster(deadline, this.#sentinels(), onStage);
    if (sentinels.length > 0) this.#otherSentinels = sentinels;
    const { host, port } = mappedAddress(master, this.#addresses);
    const socket = { ...nodeClientOptions?.socket, host, port };
    const options = { RESP, ...nodeClientOptions, socket } as ClientOptions;
    const connection = await ServerConnection.open({ ...this.#plan, options }, deadline, onStage);
    this.#master = master;
    return connection;
  }

  /** Asks now and then whether a connection still leads to the master. */
  begin(connection: RedisLink): void {
    if (this.#isEnded) return;
    const { scanInterval = 0 } = this.#options;
    this.#scanTimer = setTimeout(
      () => void this.#scan(connection).finally(() => this.begin(connection)),
      scanInterval > 0 ? scanInterval : SCAN_MS,
    );
  }

  /** Asks no more. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#scanTimer);
    this.#scanDeadline?.abort();
  }

  #sentinels(): readonly NodeAddress[] {
    const all = [...this.#options.sentinelRootNodes, ...this.#otherSentinels].map((node) =>
      mappedAddress(node, this.#addresses),
    );
    const byName = new Map(all.map((node) => [`${node.host}:${node.port}`, node]));
    return [...byName.values()].slice(0, MOST_SENTINELS);
  }

  #findMaster(
    deadline: Deadline,
    sentinels: readonly NodeAddress[],
    onStage?: OnStage,
  ): Promise<WatchedMaster> {
    const { name, sentinelClientOptions } = this.#options;
    const options = (sentinelClientOptions ?? {}) as ClientOptions;
    return findMaster({ ...this.#plan, name, sentinels, options }, deadline, onStage);
  }

  /** Follows a failover of which the old master knows nothing, because it was cut off. */
  async #scan(connection: RedisLink): Promise<void> {
    if (!connection.isReady) return;
    const deadline = new TickedDeadline(this.#plan.timeout);
    this.#scanDeadline = deadline;
    const all = this.#sentinels();
    const any = all[Math.floor(Math.random() * all.length)]!;
    try {
      const { master } = await this.#findMaster(deadline.signal, [any]);
      if (this.#isMaster(master)) return;
      // One that was cut off may be wrong: all of them are asked.
      const latest = await this.#findMaster(deadline.signal, all);
      if (!this.#isMaster(latest.master)) await connection.renew('');
    } catch {
      // The master may be well though no Sentinel is; a call will find out.
    } finally {
      deadline.clear();
    }
  }

  #isMaster({ host, port }: NodeAddress): boolean {
    return host === this.#master?.host && port === this.#master.port;
  }
}
