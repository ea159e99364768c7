import { describe, expect, it } from 'vitest';
import { applyCommit, type CommitTable, type StoredSample } from './apply-commit.ts';
import type { Commit, StoredGroup } from './driver.ts';

/** A table that counts how often series are looked up and put. */
class CountingTable implements CommitTable {
  lookups = 0;
  puts = 0;
  readonly series = new Map<string, StoredSample>();
  readonly groups: Map<string, StoredGroup> & CommitTable['groups'] = new Map();

  get size(): number {
    return this.series.size;
  }

  get(key: string): StoredSample | undefined {
    this.lookups++;
    return this.series.get(key);
  }

  put(key: string, sample: StoredSample): void {
    this.puts++;
    this.series.set(key, sample);
  }

  end(key: string): void {
    this.series.delete(key);
  }
}

function replacement(keys: readonly string[], value: number, expect?: string): Commit {
  return {
    puts: keys.map((key) => ({ key, payload: value, time: 1, isTimeSupplied: false })),
    ends: [],
    most: 3,
    group: { key: 'g', expect, next: { meta: '', expiresAt: undefined } },
  } as Commit;
}

describe('a commit of a group', () => {
  it('looks up each series once, and puts what is another', () => {
    const table = new CountingTable();
    const begun = applyCommit(table, replacement(['a', 'b'], 1));
    expect(begun.outcomes).toEqual(['added', 'added']);
    const { version } = table.groups.get('g')!;
    const again = applyCommit(table, replacement(['a', 'b', 'c'], 1, version));
    expect(again.outcomes).toEqual(['unchanged', 'unchanged', 'added']);
    const next = table.groups.get('g')!.version;
    expect(applyCommit(table, replacement(['a'], 2, next)).outcomes).toEqual(['changed']);
    expect([table.lookups, table.puts]).toEqual([2 + 3 + 1, 2 + 1 + 1]);
  });

  it('puts nothing if one series is too many', () => {
    const table = new CountingTable();
    const refused = { reason: 'series_limit', key: 'd' };
    expect(applyCommit(table, replacement(['a', 'b', 'c', 'd', 'e'], 1))).toEqual({
      refused,
      outcomes: [],
      ended: 0,
    });
    expect(table.puts).toBe(0);
  });
});
