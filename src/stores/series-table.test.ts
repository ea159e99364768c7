import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import { trustPoint } from '../model/trusted-point.ts';
import { SeriesTable } from './series-table.ts';

function point(name: string, value = 0): SnapshotPoint {
  return trustPoint({ name, labels: {}, value, updatedAt: 0 }, name);
}

function tableOf(...names: string[]): SeriesTable {
  const table = new SeriesTable();
  for (const name of names) table.add(name, point(name));
  return table;
}

function put(table: SeriesTable, name: string, value: number): void {
  const slot = table.slotOf(name);
  if (slot === undefined) table.add(name, point(name, value));
  else table.replace(slot, point(name, value));
}

function asText(points: Iterable<SnapshotPoint>): string[] {
  return [...points].map((p) => `${p.name} ${p.value}`).sort();
}

describe('SeriesTable', () => {
  it('finds the point that the last slot lost to a removed one', () => {
    const table = tableOf('a', 'b', 'c');
    expect(table.remove('a')).toBe(true);
    expect(table.remove('a')).toBe(false);
    expect(table.size).toBe(2);
    expect(table.get('c')).toBe(table.at(table.slotOf('c')!));
    expect(asText(table.openFrame())).toEqual(['b 0', 'c 0']);
  });

  it('holds a frame while series ahead of it and behind it change, end and come back', () => {
    const table = tableOf('a', 'b', 'c', 'd');
    const frame = table.openFrame();
    const seen = [frame.next().value!];
    put(table, 'a', 1); // Behind the frame.
    put(table, 'c', 1); // Ahead of it, twice: the first content counts.
    put(table, 'c', 2);
    table.remove('b'); // The last one moves into its slot,
    table.remove('d'); // and ends from there.
    table.add('b', point('b', 3));
    table.add('new', point('new'));
    seen.push(...frame);
    expect(asText(seen)).toEqual(['a 0', 'b 0', 'c 0', 'd 0']);
    expect(asText(table.openFrame())).toEqual(['a 1', 'b 3', 'c 2', 'new 0']);
  });

  it('keeps nothing for a frame that is finished or returned', () => {
    const table = tableOf('a', 'b');
    for (const _ of table.openFrame()) expect(table.openFrames).toBe(1);
    expect(table.openFrames).toBe(0);
    for (const _ of table.openFrame()) break;
    expect(table.openFrames).toBe(0);
    const frame = table.openFrame();
    frame.return!();
    expect(frame.next()).toEqual({ done: true, value: undefined });
    expect(table.openFrames).toBe(0);
  });

  it('forgets a frame that was abandoned, at the first change after it was collected', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const table = tableOf('a', 'b');
    (() => void table.openFrame().next())();
    expect(table.openFrames).toBe(1);
    for (let turn = 0; turn < 100 && table.openFrames > 0; turn++) {
      // A weak reference lives to the end of the turn in which it was made or read.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      put(table, 'b', turn);
    }
    expect(table.openFrames).toBe(0);
  });

  it('gives each of many frames what was there when it was opened, under random changes', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), name, value: fc.nat(9) }),
      fc.record({ do: fc.constant('remove' as const), name }),
      fc.record({ do: fc.constant('open' as const) }),
      fc.record({ do: fc.constant('walk' as const), frame: fc.nat(5), by: fc.nat(3) }),
    );
    const run = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = tableOf('a', 'b', 'c');
      const frames: { walk: Iterator<SnapshotPoint>; expected: string[]; seen: SnapshotPoint[] }[] =
        [];
      for (const s of steps) {
        if (s.do === 'put') put(table, s.name, s.value);
        else if (s.do === 'remove') table.remove(s.name);
        else if (s.do === 'open') {
          const expected = asText(Array.from({ length: table.size }, (_, slot) => table.at(slot)));
          frames.push({ walk: table.openFrame(), expected, seen: [] });
        } else {
          const frame = frames[s.frame];
          for (let i = 0; frame !== undefined && i < s.by; i++) {
            const { done, value } = frame.walk.next();
            if (done !== true) frame.seen.push(value);
          }
        }
      }
      for (const { walk, expected, seen } of frames) {
        for (let r = walk.next(); r.done !== true; r = walk.next()) seen.push(r.value);
        expect(asText(seen)).toEqual(expected);
      }
      expect(table.openFrames).toBe(0);
      for (const p of table.openFrame()) expect(table.get(seriesId(p))).toBe(p);
    });
    fc.assert(run, { numRuns: 500 });
  });
});
