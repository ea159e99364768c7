import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tries } from '../../test/support/tries.ts';
import { ChangeLog } from './change-log.ts';
import type { Entries } from './driver.ts';
import { SeriesTable } from './series-table.ts';

function tableOf(...names: string[]): SeriesTable {
  const table = new SeriesTable(new ChangeLog(1_000));
  for (const name of names) put(table, name, 0);
  return table;
}

function put(table: SeriesTable, name: string, payload: number | string): void {
  table.put(name, { payload, time: 1 });
}

function end(table: SeriesTable, name: string): void {
  if (table.get(name) !== undefined) table.end(name);
}

function asText(pages: Iterable<Entries>): string[] {
  const all = [...pages].flatMap(({ keys, payloads, times }) =>
    keys.map((key, at) => `${key} ${payloads[at]} ${times[at]}`),
  );
  return all.sort();
}

const MANY = Array.from({ length: 1_500 }, (_, i) => `m${i}`);

describe('SeriesTable', () => {
  it('keeps numbers and texts with their times', () => {
    const table = tableOf('a');
    table.put('b', { payload: '{count:1,sum:2} st@3', time: 2 });
    table.put('a', { payload: -0, time: 0.5 });
    expect(table.get('a')).toEqual({ payload: -0, time: 0.5 });
    expect(asText(table.frame())).toEqual(['a 0 0.5', 'b {count:1,sum:2} st@3 2']);
  });

  it('finds the series that took the slot of one that ended', () => {
    const table = tableOf('a', 'b', 'c');
    table.end('a');
    expect(table.size).toBe(2);
    expect([table.keyAt(0), table.timeAt(0)]).toEqual(['c', 1]);
    expect(table.get('a')).toBeUndefined();
    expect(asText(table.frame())).toEqual(['b 0 1', 'c 0 1']);
    for (const name of ['b', 'c']) table.end(name);
    expect([...table.frame()]).toEqual([]);
  });

  it('holds a frame while series change, end and come back, on each page', () => {
    const table = tableOf(...MANY);
    const before = asText(table.frame());
    const frame = table.frame();
    for (const name of MANY) put(table, name, 1);
    for (const name of MANY.slice(0, 700)) table.end(name);
    const between = table.frame();
    for (const name of MANY) put(table, name, 2);
    expect(asText(frame)).toEqual(before);
    expect(asText(between)).toHaveLength(800);
    expect(asText(between).every((text) => text.endsWith(' 1 1'))).toBe(true);
    expect(asText(table.frame())).toEqual(before.map((text) => text.replace(' 0 ', ' 2 ')));
  });

  it('copies a page once for each frame, not for each write', () => {
    const table = tableOf('a', 'b');
    const [first] = table.frame();
    put(table, 'a', 1);
    const [second] = table.frame();
    expect(second!.keys).not.toBe(first!.keys);
    expect([...table.frame()][0]!.keys).toBe(second!.keys);
  });

  it('logs each change and each end, and tells what each series is at its last change', () => {
    const log = new ChangeLog(10);
    const table = new SeriesTable(log);
    const start = log.cursor;
    for (const name of ['a', 'b', 'a', 'c']) put(table, name, 1);
    end(table, 'b');
    end(table, 'b');
    put(table, 'a', 2);
    expect(log.cursor.endsWith(':6')).toBe(true);
    const entries = table.entriesOf(log.since(start, 10)!);
    expect(entries).toMatchObject({
      keys: ['c', 'b', 'a'],
      payloads: [1, undefined, 2],
      times: [1, 0, 1],
    });
  });

  it('tells of a series that moved and of one that came to its slot, at any cursor', () => {
    const log = new ChangeLog(100);
    const table = new SeriesTable(log);
    const seen = new Map<string, unknown>();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const step = fc.record({
      isPut: fc.boolean(),
      name: fc.constantFrom(...names),
      value: fc.nat(9),
    });
    const run = fc.property(
      fc.array(step, { maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (steps, most) => {
        let cursor = log.cursor;
        for (const { isPut, name, value } of steps) {
          if (isPut) put(table, name, value);
          else end(table, name);
        }
        for (let more = true; more; ) {
          const batch = log.since(cursor, most)!;
          const { keys, payloads } = table.entriesOf(batch);
          for (const [at, key] of keys.entries()) {
            if (payloads[at] === undefined) seen.delete(key);
            else seen.set(key, payloads[at]);
          }
          ({ nextCursor: cursor, more } = batch);
        }
        const now = [...table.frame()].flatMap(({ keys, payloads }) =>
          keys.map((key, at) => [key, payloads[at]]),
        );
        expect(seen).toEqual(new Map(now as [string, unknown][]));
      },
    );
    fc.assert(run, { numRuns: 300 });
  });

  it('keeps the layout of its slots until a series ends', () => {
    const log = new ChangeLog(10);
    const table = new SeriesTable(log);
    const layout = () => table.entriesOf(log.since(log.cursor, 1)!).layout;
    put(table, 'a', 1);
    const before = layout();
    put(table, 'b', 1);
    expect(layout()).toBe(before);
    end(table, 'b');
    expect(layout()).not.toBe(before);
  });

  it('gives each of many frames what was there when it was opened, under random changes', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), name, value: fc.nat(9) }),
      fc.record({ do: fc.constant('end' as const), name }),
      fc.record({ do: fc.constant('open' as const) }),
    );
    const run = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = tableOf('a', 'b', 'c');
      const frames: { frame: Iterable<Entries>; expected: string[] }[] = [];
      for (const s of steps) {
        if (s.do === 'put') put(table, s.name, s.value);
        else if (s.do === 'end') end(table, s.name);
        else frames.push({ frame: table.frame(), expected: asText(table.frame()) });
      }
      for (const { frame, expected } of frames) expect(asText(frame)).toEqual(expected);
    });
    fc.assert(run, { numRuns: tries(150) });
  });
});
