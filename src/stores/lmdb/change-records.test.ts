import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChangeRecords, SEQUENCE_KEY_ENCODER } from './change-records.ts';
import { type Environment, openEnvironment } from './environment.ts';
import { ReadFrame } from './read-frame.ts';

let path: string;
let environment: Environment;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-changes-'));
  environment = await openEnvironment(path);
});
afterEach(async () => {
  await environment.root.close();
  rmSync(path, { recursive: true });
});

const ids = (from: number, to: number, pad = 0): string[] =>
  Array.from({ length: to - from }, (_, i) => `m{i="${from + i}",x="${'x'.repeat(pad)}"}`);

function since(
  log: ChangeRecords,
  sequence: number,
  most: number,
): { ids: readonly string[]; end: number } {
  const frame = new ReadFrame(environment, 1_000, () => undefined);
  try {
    return log.since(sequence, most, frame.transaction)!;
  } finally {
    frame.close();
  }
}

describe('the log of changes', () => {
  it('answers from any change on, however many are asked for, whatever the records are', async () => {
    const log = new ChangeRecords(environment.changes, 1_000);
    // Some records of many ids, some of one that is longer than a record.
    const all = [...ids(0, 60), ...ids(60, 63, 5_000), ...ids(63, 100, 300)];
    await environment.root.transaction(() => {
      expect(log.append(all.slice(0, 70), 0).sequence).toBe(70);
      expect(log.append(all.slice(70), 70).sequence).toBe(100);
    });
    expect([...environment.changes.getKeys({ start: 0 })].length).toBeLessThan(20);
    for (let from = 0; from <= 100; from += 7) {
      for (const most of [1, 2, 50, 1_000]) {
        const end = Math.min(100, from + most);
        expect(since(log, from, most)).toEqual({ ids: all.slice(from, end), end });
      }
    }
  });

  it('has each series once, in the order of its last change', async () => {
    const log = new ChangeRecords(environment.changes, 1_000);
    await environment.root.transaction(() => log.append(['a', 'b', 'a', 'c', 'b'], 0));
    expect(since(log, 0, 100)).toEqual({ ids: ['a', 'c', 'b'], end: 5 });
  });

  it('is trimmed to what there is room for, so many records at a time', async () => {
    const log = new ChangeRecords(environment.changes, 100);
    await environment.root.transaction(() => {
      for (let sequence = 0; sequence < 1_000; sequence += 10) {
        log.append(ids(sequence, sequence + 10), sequence);
      }
      expect(log.trim(0, 1_000, 3)).toBe(30);
      expect(log.trim(30, 1_000, 1_000)).toBe(900);
      expect(log.trim(900, 1_000, 1_000)).toBe(900);
    });
    expect(since(log, 900, 1_000).ids).toEqual(ids(900, 1_000));
  });

  it('keeps the order of numbers beyond 32 bits', () => {
    const numbers = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER];
    const keys = numbers.map((number) => {
      const key = Buffer.alloc(8);
      SEQUENCE_KEY_ENCODER.writeKey(number, key, 0);
      expect(SEQUENCE_KEY_ENCODER.readKey(key, 0)).toBe(number);
      return key;
    });
    expect([...keys].sort((a, b) => Buffer.compare(a, b))).toEqual(keys);
  });
});
