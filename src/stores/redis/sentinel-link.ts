import type { RedisSentinelOptions } from '@redis/client';
import { KeptConnection } from './kept-connection.ts';
import type { LinkPlan, RedisLink } from './redis-link.ts';
import { type AddressMap, findMaster, mappedAddress, type NodeAddress } from './sentinel-lookup.ts';
import {
  type ClientOptions,
  type CommandArguments,
  type Deadline,
  type OnStage,
  ServerConnection,
} from './server-connection.ts';
import { afterTicks } from './tick-timer.ts';

const SCAN_MS = 2_000;

/** A connection to the master that Sentinels name; they are asked at each opening, and now and then. */
export class SentinelLink implements RedisLink {
  readonly #plan: LinkPlan;
  readonly #options: RedisSentinelOptions;
  readonly #connection: KeptConnection;
  #master: NodeAddress | undefined;
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
    const master = await this.#findMaster(deadline, this.#options.sentinelRootNodes, onStage);
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

  /** @param sentinels - those to ask. */
  #findMaster(
    deadline: Deadline,
    sentinels: readonly NodeAddress[] = this.#options.sentinelRootNodes,
    onStage?: OnStage,
  ): Promise<NodeAddress> {
    const { library, timeout } = this.#plan;
    const { name, sentinelClientOptions, nodeAddressMap } = this.#options;
    const asked = sentinels.map((node) =>
      mappedAddress(node, nodeAddressMap as AddressMap | undefined),
    );
    const options = (sentinelClientOptions ?? {}) as ClientOptions;
    return findMaster({ library, timeout, name, sentinels: asked, options }, deadline, onStage);
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
    const { sentinelRootNodes } = this.#options;
    const any = sentinelRootNodes[Math.floor(Math.random() * sentinelRootNodes.length)]!;
    try {
      if (this.#isMaster(await this.#findMaster(abort.signal, [any]))) return;
      // One that was cut off may be wrong: all of them are asked.
      if (!this.#isMaster(await this.#findMaster(abort.signal))) await this.#connection.renew();
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
