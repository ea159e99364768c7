import { createHash } from 'node:crypto';
import { invalidOptions } from '../../model/options.ts';
import type {
  Commit,
  CommitRefusal,
  Committed,
  GroupChange,
  ListedGroup,
  StoredGroup,
} from '../driver.ts';
import type { DataSet } from './data-set.ts';
import { READ_GROUP, REPLACE } from './group-scripts.ts';
import type { Layout } from './layout.ts';
import { countOf, listOf, pairsOf, textOf, unexpectedReply } from './replies.ts';
import { changeOf, runsOf, type SeriesChange } from './series-changes.ts';
import { correctCounts } from './series-count.ts';
import { formatSample } from './stored-sample.ts';

const KEYS_PER_READ = 1_000;
const GROUPS_PER_READ = 500;
const OUTCOMES = { a: 'added', c: 'changed', u: 'unchanged' } as const;

type GroupCommit = Commit & { readonly group: GroupChange };

/**
 * The groups of a data set with one partition. Each sample of a group names it, so that scripts see
 * the owner of a series where they see the series.
 */
export class GroupKeeper {
  readonly #dataSet: DataSet;
  readonly #mayReachAll: boolean;

  /** @param mayReachAll - whether one script may touch all keys: not in a cluster. */
  constructor(dataSet: DataSet, mayReachAll: boolean) {
    this.#dataSet = dataSet;
    this.#mayReachAll = mayReachAll;
  }

  /** Whether metadata is written by the script that writes the group. */
  get takesRecords(): boolean {
    return this.#mayReachAll;
  }

  /** Applies a commit of a group as a whole, in one script, or returns why it may not be. */
  async commit(commit: GroupCommit): Promise<Committed> {
    this.#assertOnePartition(await this.#dataSet.found('replace'));
    const layout = await this.#dataSet.raised('replace');
    const committed = await this.#send(commit, layout);
    if (committed.refused?.reason !== 'series_limit') return committed;
    // Series may be gone without having been ended: there may be room after all.
    const isCorrected = await correctCounts(this.#dataSet, 'replace', layout);
    return isCorrected ? this.#send(commit, layout) : committed;
  }

  /** A group and the keys of its series; undefined if there is none. */
  async get(
    key: string,
  ): Promise<(StoredGroup & { readonly keys: readonly string[] }) | undefined> {
    this.#assertOnePartition(await this.#dataSet.layout('replace'));
    const { calls, keys } = this.#dataSet;
    const { groups, group } = keys.partition(0);
    const name = nameOfGroup(key);
    // By name: a hash that is resized while it is scanned may show a field twice.
    const ids = new Set<string>();
    let first: string | undefined;
    for (let from = '0'; ; ) {
      const args = [name, from, String(KEYS_PER_READ)];
      const reply = await calls.run('replace', READ_GROUP, [groups, group(name)], args);
      const [record, after, items] = listOf(reply, 3);
      const text = textOf(record);
      if (first !== undefined && first !== text) {
        // It was replaced meanwhile.
        ids.clear();
        [first, from] = [undefined, '0'];
        continue;
      }
      first = text;
      for (const id of idsOf(items)) ids.add(id);
      from = textOf(after);
      if (from === '0') break;
    }
    const read = readRecord(first);
    return (
      read && { version: read.version, meta: read.meta, expiresAt: read.expiresAt, keys: [...ids] }
    );
  }

  /** All groups. */
  async all(): Promise<readonly ListedGroup[]> {
    const { calls, keys } = this.#dataSet;
    if ((await this.#dataSet.layout('groups')).partitions > 1) return [];
    const { groups, group } = keys.partition(0);
    const records = await calls.readHash('groups', groups, GROUPS_PER_READ);
    const list = async ([name, text]: [string, string]): Promise<ListedGroup[]> => {
      const read = readRecord(text);
      if (read === undefined) return [];
      const length = await calls.read('groups', group(name), ['HLEN', group(name)]);
      return [{ ...read, series: countOf(length) }];
    };
    return (await Promise.all([...records].map(list))).flat();
  }

  async #send(commit: GroupCommit, layout: Layout): Promise<Committed> {
    const { key, expect = '', next } = commit.group;
    const name = nameOfGroup(key);
    const puts = commit.puts.map(({ key: id, payload, time }) =>
      changeOf(id, formatSample(payload, time, name), layout),
    );
    const ends = commit.ends.map((id) => changeOf(id, '', layout));
    const sorted = [...puts, ...ends].sort((a, b) => a.bucket - b.bucket);
    const { buckets, runs } = runsOf(sorted);
    const { groups, group } = this.#dataSet.keys.partition(0);
    const { meta, families } = this.#dataSet.keys;
    const records = [...((this.takesRecords && commit.records) || [])];
    const record = next === undefined ? '' : formatRecord(key, next);
    const most = String(Math.min(commit.most, Number.MAX_SAFE_INTEGER));
    const args = [String(buckets.length), name, expect, record, most, String(records.length)];
    const texts = records.flatMap(([family, text = '']) => [family, text]);
    const reply = await this.#dataSet.change({
      method: 'replace',
      script: REPLACE,
      layout,
      partition: 0,
      buckets,
      more: [groups, group(name), ...(records.length > 0 ? [meta, families] : [])],
      args: [...args, ...texts, ...runs],
      whenAbsent: 'make',
    });
    const [, answer, letters = '', room = '0'] = (reply ?? []).map(textOf);
    if (answer === 'conflict') return { refused: { reason: 'conflict' }, outcomes: [], ended: 0 };
    if (letters.length !== sorted.length) throw unexpectedReply();
    for (const [i, change] of sorted.entries()) change.outcome = letters[i]!;
    if (answer === 'applied') {
      const outcomes = puts.map(({ outcome }) => OUTCOMES[outcome as keyof typeof OUTCOMES]);
      return { outcomes, ended: ends.filter(({ outcome }) => outcome === 'e').length };
    }
    const refused = answer === 'refused' ? refusalOf(puts, countOf(room)) : undefined;
    if (refused === undefined) throw unexpectedReply();
    return { refused, outcomes: [], ended: 0 };
  }

  #assertOnePartition({ partitions }: Layout): void {
    if (partitions === 1) return;
    throw invalidOptions('replace', [
      `groups need a data set of one partition, and this one has ${partitions}; ` +
        'make another one with partitions: 1 under a keyPrefix of its own',
    ]);
  }
}

/** How a group is named within keys and samples: 96 bits of a hash of its key. */
function nameOfGroup(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 16);
}

/** Why the first of the puts that may not be made may not be. */
function refusalOf(puts: readonly SeriesChange[], room: number): CommitRefusal | undefined {
  const owned = puts.find(({ outcome }) => outcome === 'w' || outcome === 's');
  if (owned !== undefined) {
    const reason = owned.outcome === 'w' ? 'owned_by_group' : 'owned_by_none';
    return { reason, key: owned.id };
  }
  const surplus = puts.filter(({ outcome }) => outcome === 'a')[room];
  return surplus && { reason: 'series_limit', key: surplus.id };
}

function formatRecord(key: string, { meta, expiresAt }: NonNullable<GroupChange['next']>): string {
  return JSON.stringify([key, meta, expiresAt ?? null]);
}

/** Reads what is kept with a group: its version, then the rest as JSON; undefined if it is not. */
function readRecord(text: string): (StoredGroup & { readonly key: string }) | undefined {
  const [, version, json] = /^(\S+) (.*)$/s.exec(text) ?? [];
  if (version === undefined || json === undefined) return undefined;
  try {
    const read: unknown = JSON.parse(json);
    const [key, meta, expiresAt] = Array.isArray(read) ? (read as readonly unknown[]) : [];
    if (typeof key !== 'string' || typeof meta !== 'string') return undefined;
    return { version, key, meta, expiresAt: typeof expiresAt === 'number' ? expiresAt : undefined };
  } catch {
    return undefined;
  }
}

function idsOf(items: unknown): readonly string[] {
  return pairsOf(items).filter((_, i) => i % 2 === 0);
}
