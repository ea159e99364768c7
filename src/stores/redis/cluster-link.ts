import type { RedisClusterOptions } from '@redis/client';
import { SharedTask } from '../../scheduling/shared-task.ts';
import { askServer, askServers, before } from './ask-servers.ts';
import { readRedirection, readSlots, type SlotTable, slotOf } from './cluster-slots.ts';
import { NotSentError, OpeningError } from './connection-errors.ts';
import {
  KeptConnection,
  LONGEST_PAUSE_MS,
  longestPause,
  OPENING_SHARE,
} from './kept-connection.ts';
import type { LinkPlan, RedisLink } from './redis-link.ts';
import { replyWord } from './reply-reasons.ts';
import { type AddressMap, mappedAddress, type NodeAddress } from './sentinel-lookup.ts';
import {
  type ClientOptions,
  type Deadline,
  type OnStage,
  ServerConnection,
} from './server-connection.ts';
import { TickedDeadline } from './tick-timer.ts';

// How many servers are asked at once for the slots: one that hangs holds nothing up.
const ASKED_AT_ONCE = 3;
const ASK_SLOTS = ['CLUSTER', 'SLOTS'];
// Servers that have not heard of each other may redirect in a circle for a moment.
const MOST_REDIRECTIONS = 5;

/** Connections to the masters of a cluster, and which of them has which slot. */
export class ClusterLink implements RedisLink {
  readonly #plan: LinkPlan;
  readonly #options: RedisClusterOptions;
  readonly #nodes = new Map<string, KeptConnection>();
  #masters: SlotTable['masters'] = [];
  #text = '';
  readonly #refreshing = new SharedTask<void>();
  #refreshTimer: NodeJS.Timeout | undefined;
  #deadline: TickedDeadline | undefined;
  // Refreshes in a row that brought nothing new, and when the last one ended.
  #vainRefreshes = 0;
  #refreshedAt = 0;
  #error: unknown = new OpeningError('slots', { isLate: true });
  #isEnded = false;

  constructor(plan: LinkPlan, options: RedisClusterOptions) {
    this.#plan = plan;
    this.#options = options;
    void this.#refresh();
  }

  get isReady(): boolean {
    return this.#nodes.size > 0 && [...this.#nodes.values()].every(({ isReady }) => isReady);
  }

  async send(key: string, args: readonly string[]): Promise<unknown> {
    let node = this.#masters[slotOf(key)];
    let isAsking = false;
    // The server that redirects has done nothing.
    for (let tries = 0; node !== undefined && tries <= MOST_REDIRECTIONS; tries++) {
      const connection = this.#connectionTo(node);
      try {
        return await (isAsking
          ? connection.sendAfter(['ASKING'], key, args)
          : connection.send(key, args));
      } catch (error) {
        const word = replyWord(error);
        if (word === 'CLUSTERDOWN' || word === 'MASTERDOWN') this.#refreshSoon();
        if (word !== 'MOVED' && word !== 'ASK') throw error;
        isAsking = word === 'ASK';
        node = this.#redirected(error as Error, node, isAsking);
      }
    }
    this.#refreshSoon();
    throw new NotSentError(this.#error);
  }

  async renew(key: string): Promise<boolean> {
    const node = this.#masters[slotOf(key)];
    if (node === undefined || !(await this.#connectionTo(node).renew())) return false;
    await this.#refresh();
    return true;
  }

  confirm(key: string): void {
    const node = this.#masters[slotOf(key)];
    if (node !== undefined) this.#nodes.get(nameOf(node))?.confirm();
  }

  destroy(): void {
    this.#isEnded = true;
    clearTimeout(this.#refreshTimer);
    this.#deadline?.abort();
    for (const node of this.#nodes.values()) node.destroy();
  }

  /** Where a server redirects to; undefined if it does not know the address. */
  #redirected(error: Error, from: NodeAddress, isAsking: boolean): NodeAddress | undefined {
    const target = readRedirection(error.message, from.host);
    if (target !== undefined && !isAsking) {
      this.#masters[target.slot] = target.node;
      this.#refreshSoon();
    }
    return target?.node;
  }

  #connectionTo(node: NodeAddress): KeptConnection {
    if (this.#isEnded) throw new NotSentError(this.#error);
    const name = nameOf(node);
    let connection = this.#nodes.get(name);
    if (connection === undefined) {
      connection = new KeptConnection({
        ...this.#plan,
        open: (deadline, onStage) => this.#openTo(node, deadline, onStage),
        onError: (error) => {
          this.#plan.onError(error);
          // Its slots may be elsewhere by now.
          this.#refreshSoon();
        },
      });
      this.#nodes.set(name, connection);
    }
    return connection;
  }

  #openTo(node: NodeAddress, deadline: Deadline, onStage: OnStage): Promise<ServerConnection> {
    const { defaults, nodeAddressMap, RESP } = this.#options;
    const { host, port } = mappedAddress(node, nodeAddressMap as AddressMap | undefined);
    const socket = { ...defaults?.socket, host, port };
    const options = { ...defaults, RESP, socket } as ClientOptions;
    return ServerConnection.open({ ...this.#plan, options }, deadline, onStage);
  }

  #refreshSoon(): void {
    if (this.#isEnded || this.#refreshing.isRunning) return;
    if (performance.now() > this.#refreshedAt + LONGEST_PAUSE_MS) this.#vainRefreshes = 0;
    const pause = longestPause(this.#vainRefreshes, this.#plan.timeout);
    this.#refreshTimer ??= setTimeout(() => void this.#refresh(), pause);
  }

  /** Asks where the slots are; never rejects. */
  #refresh(): Promise<void> {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = undefined;
    const refreshed = this.#refreshing.run(() => this.#readSlots());
    return refreshed.finally(() => {
      if (this.#masters.length === 0) this.#refreshSoon();
    });
  }

  async #readSlots(): Promise<void> {
    const deadline = new TickedDeadline(OPENING_SHARE * this.#plan.timeout);
    this.#deadline = deadline;
    try {
      const slots = await askServers('slots', this.#askers(), deadline.signal);
      if (this.#isEnded) return;
      this.#take(mostFrequent(slots));
      this.#plan.onOpen();
    } catch (error) {
      if (this.#isEnded) return;
      this.#vainRefreshes++;
      this.#error = error;
      this.#plan.onError(error);
    } finally {
      deadline.clear();
      this.#refreshedAt = performance.now();
    }
  }

  #take({ masters, text }: SlotTable): void {
    this.#vainRefreshes = text === this.#text ? this.#vainRefreshes + 1 : 0;
    this.#text = text;
    // For slots that have no server.
    this.#error = new OpeningError('slots');
    this.#masters = masters;
    const nodes = nodesOf(masters);
    const names = new Set(nodes.map(nameOf));
    for (const node of nodes) this.#connectionTo(node);
    for (const [name, connection] of this.#nodes) {
      if (names.has(name)) continue;
      this.#nodes.delete(name);
      connection.retire();
    }
  }

  /** Some servers to ask: those that are connected and the given ones, in a random order. */
  #askers(): readonly ((deadline: Deadline) => Promise<SlotTable>)[] {
    const { rootNodes, defaults, RESP } = this.#options;
    const known = nodesOf(this.#masters).map((node) => [nameOf(node), node] as const);
    const ready = known.filter(([name]) => this.#nodes.get(name)?.isReady === true);
    const askKnown = shuffled(ready).map(([name, node]) => async (deadline: Deadline) => {
      const asked = this.#nodes.get(name)!.send('', ASK_SLOTS);
      return readSlots(await before(deadline, 'slots', asked), node.host);
    });
    const onStage: OnStage = (pending) => {
      if (this.#vainRefreshes === 0 && this.#masters.length === 0) this.#error = pending;
    };
    const askGiven = shuffled(rootNodes).map((root) => (deadline: Deadline) => {
      const socket = { ...defaults?.socket, ...root.socket };
      const options = { ...defaults, ...root, RESP, socket } as ClientOptions;
      const ask = async (server: ServerConnection): Promise<SlotTable> =>
        readSlots(await server.send(ASK_SLOTS), hostOf(root.url, socket));
      return askServer({ ...this.#plan, options, stage: 'slots', ask }, deadline, onStage);
    });
    return [...askKnown, ...askGiven].slice(0, ASKED_AT_ONCE);
  }
}

function hostOf(url: string | undefined, socket: object): string {
  if (url !== undefined) return new URL(url).hostname.replace(/^\[|\]$/g, '');
  return (socket as { readonly host?: string }).host ?? 'localhost';
}

/**
 * What most servers say: one that was cut off knows of no failover since. One that left the cluster
 * knows of no slots.
 */
function mostFrequent(tables: readonly SlotTable[]): SlotTable {
  const count = ({ text }: SlotTable): number =>
    text === '' ? 0 : tables.filter((each) => each.text === text).length;
  return tables.reduce((best, table) => (count(table) > count(best) ? table : best));
}

/** The masters, each once; slots that have none are holes. */
function nodesOf(masters: SlotTable['masters']): readonly NodeAddress[] {
  return [...new Set(masters)].filter((node) => node !== undefined);
}

function nameOf({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
