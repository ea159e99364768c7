import { describe, expect, it } from 'vitest';
import { ChangeLog } from './change-log.ts';

function logOf(room: number, ...ids: string[]): ChangeLog {
  const log = new ChangeLog(room);
  for (const id of ids) log.add(id);
  return log;
}

describe('ChangeLog', () => {
  it('answers each series once, in the order of their last changes', () => {
    const log = new ChangeLog(10);
    const start = log.cursor;
    for (const id of ['a', 'b', 'a', 'c', 'b']) log.add(id);
    expect(log.since(start, 10)).toEqual({
      ids: ['a', 'c', 'b'],
      nextCursor: log.cursor,
      more: false,
    });
    expect(log.since(log.cursor, 10)?.ids).toEqual([]);
  });

  it('answers in batches that end at the cursor of now', () => {
    const log = new ChangeLog(10);
    const batches: (readonly string[])[] = [];
    let cursor = log.cursor;
    for (const id of ['a', 'b', 'a', 'c', 'b']) log.add(id);
    for (let more = true; more; ) {
      const batch = log.since(cursor, 2)!;
      batches.push(batch.ids);
      ({ nextCursor: cursor, more } = batch);
    }
    expect(batches).toEqual([['a', 'b'], ['a', 'c'], ['b']]);
    expect(cursor).toBe(log.cursor);
  });

  it('remembers as many changes as it has room for, and knows when a cursor is older', () => {
    const log = logOf(3, 'a');
    const second = log.cursor;
    for (const id of ['b', 'c', 'd']) log.add(id);
    expect(log.since(second, 10)?.ids).toEqual(['b', 'c', 'd']);
    log.add('e');
    expect(log.since(second, 10)).toBeUndefined();
    for (let i = 0; i < 100; i++) log.add(`x${i}`);
    const last = log.cursor;
    log.add('y');
    expect(log.since(last, 10)?.ids).toEqual(['y']);
  });

  it('takes nothing for a cursor but the very text of one of its own', () => {
    const log = logOf(10, 'a', 'b', 'c');
    const epoch = log.cursor.slice(0, log.cursor.lastIndexOf(':'));
    expect(log.since(`${epoch}:1`, 10)?.ids).toEqual(['b', 'c']);
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
