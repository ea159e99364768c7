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
  type CommandArguments,
  type Deadline,
  type OnStage,
  ServerConnection,
} from './server-connection.ts';
import { afterTicks } from './tick-timer.ts';

const SCAN_MS = 2_000;
// How many are asked at once, at most.
const MOST_SENTINELS = 16;

/**
 * A connection to the master that Sentinels name; they are asked at each opening, and now and then.
 */
export class SentinelLink implements RedisLink {
  readonly #plan: LinkPlan;
  readonly #options: RedisSentinelOptions;
  readonly #connection: KeptConnection;
  #master: NodeAddress | undefined;
  // Those that the given ones know, so that the given ones may go.
  #otherSentinels: readonly NodeAddress[] = [];
  #scanTimer: NodeJS.Timeout | undefined;
  #scanAbort: AbortController | undefined;
  #isEnded = false;

  constructor(plan: LinkPlan, options: RedisSentinelOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#connection = new KeptConnection({
      open: (deadline, onStage) => this.#open(deadline, onStage),
      timeout: plan.timeout,
      onError: plan.onError,
      onOpen: plan.onOpen,
    });
    this.#scanLater();
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  send(_key: string, args: CommandArguments): Promise<unknown> {
    return this.#connection.send(args);
  }

  renew(): Promise<boolean> {
    return this.#connection.renew();
  }

  confirm(): void {
    this.#connection.confirm();
  }

  destroy(): void {
    this.#isEnded = true;
    clearTimeout(this.#scanTimer);
    this.#scanAbort?.abort();
    this.#connection.destroy();
  }

  async #open(deadline: Deadline, onStage: OnStage): Promise<ServerConnection> {
    const { library, timeout } = this.#plan;
    const { nodeClientOptions, nodeAddressMap, RESP } = this.#options;
    const { master, sentinels } = await this.#findMaster(deadline, this.#sentinels(), onStage);
    if (sentinels.length > 0) this.#otherSentinels = sentinels;
    const { host, port } = mappedAddress(master, nodeAddressMap as AddressMap | undefined);
    const socket = { ...nodeClientOptions?.socket, host, port };
    const options = { RESP, ...nodeClientOptions, socket } as ClientOptions;
    const connection = await ServerConnection.open(
      { library, timeout, options },
      deadline,
      onStage,
    );
    this.#master = master;
    return connection;
  }

  #sentinels(): readonly NodeAddress[] {
    const { sentinelRootNodes, nodeAddressMap } = this.#options;
    const all = [...sentinelRootNodes, ...this.#otherSentinels].map((node) =>
      mappedAddress(node, nodeAddressMap as AddressMap | undefined),
    );
    const byName = new Map(all.map((node) => [`${node.host}:${node.port}`, node]));
    return [...byName.values()].slice(0, MOST_SENTINELS);
  }

  #findMaster(
    deadline: Deadline,
    sentinels: readonly NodeAddress[],
    onStage?: OnStage,
  ): Promise<WatchedMaster> {
    const { library, timeout } = this.#plan;
    const { name, sentinelClientOptions } = this.#options;
    const options = (sentinelClientOptions ?? {}) as ClientOptions;
    return findMaster({ library, timeout, name, sentinels, options }, deadline, onStage);
  }

  #scanLater(): void {
    if (this.#isEnded) return;
    const { scanInterval } = this.#options;
    const interval = scanInterval === undefined || scanInterval <= 0 ? SCAN_MS : scanInterval;
    this.#scanTimer = setTimeout(
      () => void this.#scan().finally(() => this.#scanLater()),
      interval,
    );
  }

  /** Follows a failover of which the old master knows nothing, because it was cut off. */
  async #scan(): Promise<void> {
    if (!this.#connection.isReady) return;
    const abort = new AbortController();
    this.#scanAbort = abort;
    const end = afterTicks(this.#plan.timeout, () => abort.abort());
    const all = this.#sentinels();
    const any = all[Math.floor(Math.random() * all.length)]!;
    try {
      const { master } = await this.#findMaster(abort.signal, [any]);
      if (this.#isMaster(master)) return;
      // One that was cut off may be wrong: all of them are asked.
      const latest = await this.#findMaster(abort.signal, all);
      if (!this.#isMaster(latest.master)) await this.#connection.renew();
    } catch {
      // The master may be well though no Sentinel is; a call will find out.
    } finally {
      end();
    }
  }

  #isMaster({ host, port }: NodeAddress): boolean {
    return host === this.#master?.host && port === this.#master.port;
  }
}
