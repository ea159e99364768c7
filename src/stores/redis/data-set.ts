import { SnapscrapeError } from '../../model/errors.ts';
import { NOWHERE, type Position } from './cursor.ts';
import { FOUND, RAISE_SCHEMA } from './data-set-scripts.ts';
import {
  forEachPartition,
  isSameSpread,
  type Keys,
  type Layout,
  layoutName,
  numbersBetween,
  readLayout,
  SCHEMA,
} from './layout.ts';
import { FENCE, MAKE, RAISE_LAYOUT } from './partition-scripts.ts';
import { HEAD } from './read-scripts.ts';
import type { RedisCalls } from './redis-calls.ts';
import type { RedisScript } from './redis-script.ts';
import {
  countOf,
  forbiddenError,
  listOf,
  optionalTextsOf,
  textOf,
  textsOf,
  unexpectedReply,
} from './replies.ts';
import { newToken } from './token.ts';
import type { WriterLease } from './writer-lease.ts';

/** Where a partition is and how much it holds. */
export interface PartitionHead {
  /** Its last change. */
  readonly at: Position;
  /** How many series it has. */
  readonly series: number;
  /** The bytes of their ids, and of payloads that are not plain numbers. */
  readonly idBytes: number;
  /** The name of its layout; empty where there is no partition. */
  readonly layout: string;
}

/** What a data set needs to know beside how to reach it. */
export interface DataSetOptions {
  /** How it is laid out if it is made now. */
  readonly layout: Layout;
  /** How many changes are remembered. */
  readonly changeLogSize: number;
}

/** A script that changes a partition, and what it is given. */
export interface PartitionChange {
  /** The store's method that it is for. */
  readonly method: string;
  readonly script: RedisScript;
  /** By what the partition and the buckets were chosen. */
  readonly layout: Layout;
  readonly partition: number;
  /** The numbers of the buckets that the script may touch. */
  readonly buckets: readonly number[];
  /** More keys of the partition that it may touch. Default: none. */
  readonly more?: readonly string[];
  readonly args: readonly string[];
  readonly whenAbsent: 'make' | 'leave';
}

// The first of them are on different servers of a cluster.
const PARTITIONS_ASKED = 3;

/** The data set under one key prefix: its layout, and scripts on its partitions. */
export class DataSet {
  readonly calls: RedisCalls;
  readonly keys: Keys;
  readonly lease: WriterLease | undefined;
  readonly #options: DataSetOptions;
  #layout: Layout | undefined;

  constructor(
    calls: RedisCalls,
    keys: Keys,
    lease: WriterLease | undefined,
    options: DataSetOptions,
  ) {
    this.calls = calls;
    this.keys = keys;
    this.lease = lease;
    this.#options = options;
  }

  /** The layout as it was last seen; if nothing was written yet, what it would be. */
  async layout(method: string): Promise<Layout> {
    return this.#layout ?? (await this.readLayout(method));
  }

  /** Reads the layout again: another store may have made the data set again. */
  async readLayout(method: string): Promise<Layout> {
    return (await this.readMeta(method)).layout;
  }

  /** Reads the layout and the version of the families, if any were set. */
  async readMeta(method: string): Promise<{ layout: Layout; families: string | undefined }> {
    const { calls, keys } = this;
    const args = ['HMGET', keys.meta, 'schema', 'partitions', 'buckets', 'families'];
    const found = optionalTextsOf(await calls.read(method, keys.meta, args), 4);
    const layout = this.#take(found) ?? (await this.#recalled(method)) ?? this.#options.layout;
    return { layout, families: found[3] };
  }

  /** The layout, with the data set made where there is none. */
  async found(method: string): Promise<Layout> {
    if (this.#layout !== undefined) return this.#layout;
    const { calls, keys } = this;
    const layout = await this.readLayout(method);
    const args = [layout.schema, layout.partitions, layout.buckets].map(String);
    const found = optionalTextsOf(await calls.run(method, FOUND, [keys.meta], args), 3);
    return this.#take(found) ?? layout;
  }

  /** As `found`, whatever was seen before. */
  foundAnew(method: string): Promise<Layout> {
    this.#layout = undefined;
    return this.found(method);
  }

  /**
   * The layout, made the newest version: that of what is to be written. Programs that know only
   * older ones refuse the data set from here on. Each partition follows with its next change.
   */
  async raised(method: string): Promise<Layout> {
    const layout = await this.found(method);
    if (layout.schema === SCHEMA) return layout;
    const { calls, keys } = this;
    const args = [layout.schema, SCHEMA].map(String);
    const [answer, detail = ''] = textsOf(await calls.run(method, RAISE_SCHEMA, [keys.meta], args));
    if (answer === 'forbidden') throw forbiddenError(method, detail);
    const raised = await this.foundAnew(method);
    if (raised.schema !== SCHEMA || !isSameSpread(raised, layout)) throw changedError();
    return raised;
  }

  /** Where a partition is, all of it at one moment. */
  async head(method: string, partition: number): Promise<PartitionHead> {
    const { state, log } = this.keys.partition(partition);
    const head = readHead(listOf(await this.calls.run(method, HEAD, [state, log], []), 5));
    this.assertLayout(head.layout);
    return head;
  }

  /** The heads of all partitions, by number. */
  heads(method: string, layout: Layout): Promise<PartitionHead[]> {
    return forEachPartition(layout, (partition) => this.head(method, partition));
  }

  /**
   * Runs a script that changes a partition; returns its reply, or undefined if there is no such
   * partition and none is to be made.
   *
   * Throws if the data set has another layout by now than the one by which the change was placed.
   */
  async change({
    method,
    script,
    layout: placedBy,
    partition,
    buckets,
    more = [],
    args,
    whenAbsent,
  }: PartitionChange): Promise<readonly unknown[] | undefined> {
    let layout = placedBy;
    const keys = this.keys.partition(partition);
    const scriptKeys = [keys.state, keys.log, keys.marks, ...buckets.map(keys.bucket), ...more];
    const room = Math.ceil(this.#options.changeLogSize / layout.partitions);
    for (let attempt = 0; ; attempt++) {
      const fence = (await this.lease?.fence(method, this)) ?? '0';
      const common = [newToken(), String(room), layoutName(layout), fence];
      const reply = listOf(await this.calls.run(method, script, scriptKeys, [...common, ...args]));
      if (reply[0] === 'ok') return reply;
      if (reply[0] === 'fenced') {
        if (fence !== '0' || attempt > 2) throw this.#fencedError(method);
        await this.#clearFence(method, keys.state, textOf(reply[1]));
        continue;
      }
      if (reply[0] === 'forbidden') throw forbiddenError(method, textOf(reply[1]));
      if (reply[0] === 'layout') {
        if (attempt > 2) throw changedError();
        layout = await this.#agree(method, partition, layout, textOf(reply[1] ?? ''));
        continue;
      }
      if (reply[0] !== 'absent' && reply[0] !== 'lost') throw unexpectedReply();
      if (reply[0] === 'absent' && whenAbsent === 'leave') return undefined;
      if (attempt > 2) throw changedError();
      await this.#make(method, partition, layout, fence);
    }
  }

  /**
   * Throws if a partition has another layout than the one last seen; it is read again next time.
   */
  assertLayout(name: string): void {
    if (name === '') return;
    const layout = parseLayout(name);
    if (this.#layout === undefined) return;
    if (!isSameSpread(this.#layout, layout)) {
      this.#layout = undefined;
      throw changedError();
    }
    // Another store has raised it; the other partitions may follow later.
    if (layout.schema > this.#layout.schema) this.#layout = layout;
  }

  /**
   * Agrees with a partition that names its layout otherwise: the later version is that of both.
   * Throws if it is more than the version.
   */
  async #agree(method: string, partition: number, layout: Layout, name: string): Promise<Layout> {
    this.assertLayout(name);
    const found = parseLayout(name);
    if (!isSameSpread(found, layout)) throw changedError();
    if (found.schema > layout.schema) return found;
    const { state, log } = this.keys.partition(partition);
    const args = [newToken(), name, layoutName(layout)];
    const reply = textsOf(await this.calls.run(method, RAISE_LAYOUT, [state, log], args));
    if (reply[0] === 'forbidden') throw forbiddenError(method, reply[1] ?? '');
    return layout;
  }

  /**
   * Removes the fence of a holder whose lease has ended, for writers without one. A store that
   * takes the lease meanwhile has a higher fence, which stays: only the one that was seen is
   * removed.
   */
  async #clearFence(method: string, state: string, fence: string): Promise<void> {
    const { calls, keys } = this;
    const isHeld = countOf(await calls.read(method, keys.lease, ['EXISTS', keys.lease])) > 0;
    if (isHeld) throw this.#fencedError(method);
    await calls.run(method, FENCE, [state], [fence, 'lower']);
  }

  /**
   * The layout that partitions tell of, where a cluster lost the server that had it from the data
   * set.
   */
  async #recalled(method: string): Promise<Layout | undefined> {
    for (let partition = 0; partition < PARTITIONS_ASKED; partition++) {
      const { state } = this.keys.partition(partition);
      const reply = await this.calls.read(method, state, ['HGET', state, 'layout']);
      if (reply !== null) return parseLayout(textOf(reply));
    }
    return undefined;
  }

  async #make(method: string, partition: number, before: Layout, fence: string): Promise<void> {
    // The whole data set may be gone, and another process may have made it otherwise.
    const layout = await this.foundAnew(method);
    if (!isSameSpread(layout, before)) throw changedError();
    const { state, log, marks, bucket } = this.keys.partition(partition);
    const scriptKeys = [state, log, marks, ...numbersBetween(0, layout.buckets).map(bucket)];
    const args = [newToken(), layoutName(before), fence];
    const [answer, command] = textsOf(await this.calls.run(method, MAKE, scriptKeys, args));
    if (answer === 'forbidden') throw forbiddenError(method, command ?? '');
    if (answer !== 'ok') throw unexpectedReply();
  }

  #take(found: readonly (string | undefined)[]): Layout | undefined {
    const [schema, partitions, buckets] = found;
    this.#layout = undefined;
    if (schema === undefined) return undefined;
    this.#layout = readLayout(schema, partitions ?? '', buckets ?? '');
    return this.#layout;
  }

  #fencedError(method: string): SnapscrapeError {
    this.lease?.lost();
    return new SnapscrapeError(
      'store_fenced',
      `RedisStore may not ${method}(): another store has the writer's lease. ` +
        'Give writerLease to every writer, and write from the one that has it',
    );
  }
}

/** What the scripts say of where a partition is. */
export function readHead(reply: readonly unknown[]): PartitionHead {
  const [seq, token, series, idBytes, layout] = reply.slice(0, 5).map(textOf);
  const at = seq === '0' ? NOWHERE : { seq: countOf(seq), token: token! };
  return { at, series: countOf(series), idBytes: countOf(idBytes), layout: layout! };
}

function parseLayout(name: string): Layout {
  const [schema, partitions, buckets] = name.split(':');
  return readLayout(schema ?? '', partitions ?? '', buckets ?? '');
}

function changedError(): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    'The data set in Redis was made again with another layout; read or write again',
  );
}
