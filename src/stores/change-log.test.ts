import { describe, expect, it } from 'vitest';
import { ChangeLog } from './change-log.ts';

function logOf(room: number, ...ids: string[]): ChangeLog {
  const log = new ChangeLog(room);
  for (const id of ids) log.add(id);
  return log;
}

describe('ChangeLog', () => {
  it('answers all changes, oldest first', () => {
    const log = new ChangeLog(10);
    const start = log.cursor;
    for (const change of [4, 'b', 4, 5]) log.add(change);
    expect(log.since(start, 10)).toEqual({
      changes: [4, 'b', 4, 5],
      first: 0,
      nextCursor: log.cursor,
      more: false,
    });
    expect(log.since(log.cursor, 10)?.changes).toEqual([]);
  });

  it('replaces a change that it remembers, and no other one', () => {
    const log = new ChangeLog(3);
    const numbers = [7, 8, 9, 7, 8].map((change) => log.add(change));
    const second = log.since(`${log.cursor.split(':')[0]}:2`, 10)!;
    expect(second).toMatchObject({ changes: [9, 7, 8], first: 2 });
    for (const number of numbers) log.replace(number, number);
    expect(log.since(`${log.cursor.split(':')[0]}:2`, 10)!.changes).toEqual([2, 3, 4]);
  });

  it('answers in batches that end at the cursor of now', () => {
    const log = new ChangeLog(10);
    const batches: (readonly string[])[] = [];
    let cursor = log.cursor;
    for (const id of ['a', 'b', 'a', 'c', 'b']) log.add(id);
    for (let more = true; more; ) {
      const batch = log.since(cursor, 2)!;
      batches.push(batch.changes as string[]);
      ({ nextCursor: cursor, more } = batch);
    }
    expect(batches).toEqual([['a', 'b'], ['a', 'c'], ['b']]);
    expect(cursor).toBe(log.cursor);
  });

  it('remembers as many changes as it has room for, and knows when a cursor is older', () => {
    const log = logOf(3, 'a');
    const second = log.cursor;
    for (const id of ['b', 'c', 'd']) log.add(id);
    expect(log.since(second, 10)?.changes).toEqual(['b', 'c', 'd']);
    log.add('e');
    expect(log.since(second, 10)).toBeUndefined();
    for (let i = 0; i < 100; i++) log.add(`x${i}`);
    const last = log.cursor;
    log.add('y');
    expect(log.since(last, 10)?.changes).toEqual(['y']);
  });

  it('takes nothing for a cursor but the very text of one of its own', () => {
    const log = logOf(10, 'a', 'b', 'c');
    const epoch = log.cursor.slice(0, log.cursor.lastIndexOf(':'));
    expect(log.since(`${epoch}:1`, 10)?.changes).toEqual(['b', 'c']);
    const others = [
      new ChangeLog(10).cursor, // Of another log, or of before a restart.
      `${epoch}:4`, // From the future.
      ...['-1', '1.5', '01', '1e0', ' 1', 'NaN', 'Infinity', ''].map((n) => `${epoch}:${n}`),
      `${epoch}x1`,
      epoch,
      '1',
      '',
      undefined,
      null,
      1,
      {},
    ];
    for (const cursor of others) expect(log.since(cursor, 10), String(cursor)).toBeUndefined();
  });
});
