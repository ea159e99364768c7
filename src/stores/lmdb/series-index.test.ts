import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareKeys } from '../../model/key/index.ts';
import { type Environment, openEnvironment } from './environment.ts';
import { SeriesIndex } from './series-index.ts';
import { LONGEST_PLAIN_KEY, SERIES_KEY_ENCODER, seriesKey } from './series-key.ts';
import { SeriesWalk } from './series-walk.ts';

let path: string;
let environment: Environment;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-index-'));
  environment = await openEnvironment(path);
});
afterEach(async () => {
  await environment.root.close();
  rmSync(path, { recursive: true });
});

const long = (end: string): string => `m{x="${'x'.repeat(2_000)}${end}"}`;

describe('the index of series', () => {
  it('keeps long ids apart whose hashes are equal', async () => {
    const index = new SeriesIndex(environment.series, () => new Uint8Array(32));
    await environment.root.transaction(() => {
      for (const [slot, end] of ['a', 'b', 'c'].entries()) index.add(long(end), slot);
    });
    const slots = () => ['a', 'b', 'c', 'd'].map((end) => index.slotOf(long(end)));
    expect(slots()).toEqual([0, 1, 2, undefined]);
    await environment.root.transaction(() => index.remove(long('b')));
    expect(slots()).toEqual([0, undefined, 2, undefined]);
    await environment.root.transaction(() => index.add(long('d'), 70_000));
    expect(slots()).toEqual([0, undefined, 2, 70_000]);
    await environment.root.transaction(() => {
      for (const end of ['a', 'c', 'd', 'unknown']) index.remove(long(end));
    });
    expect(slots()).toEqual([undefined, undefined, undefined, undefined]);
    expect([...environment.series.getKeys({})]).toEqual([]);
  });

  it('has slots of 32 bits', async () => {
    const index = new SeriesIndex(environment.series);
    const slots = [0, 255, 65_536, 16_777_216, 2 ** 32 - 1];
    await environment.root.transaction(() => {
      for (const slot of slots) index.add(`m_${slot}`, slot);
    });
    expect(slots.map((slot) => index.slotOf(`m_${slot}`))).toEqual(slots);
  });

  it('comes in the order of the ids, long ones too', async () => {
    const index = new SeriesIndex(environment.series);
    const x = 'x'.repeat(LONGEST_PLAIN_KEY - 3);
    const ids = [
      'b',
      'm{x="1"}',
      'm{x="é"}',
      'm{x="\uff5e"}',
      'm{x="\u{1f600}"}',
      long(''),
      `m_${x}y`,
      'm',
      'n',
    ];
    await environment.root.transaction(() => {
      for (const [slot, id] of ids.entries()) index.add(id, slot);
    });
    const found = [...environment.series.getRange({})].map(({ value }) =>
      ids.at(typeof value === 'number' ? value : value[0]!.slot),
    );
    expect(found).toEqual([...ids].sort(compareKeys));
  });

  it('is walked past an entry that lost its series', async () => {
    const { root, series } = environment;
    await root.transaction(() => {
      for (const [slot, id] of ['a', 'c'].entries()) series.putSync(id, slot);
      series.putSync('b', []);
    });
    const transaction = root.useReadTransaction();
    const walk = new SeriesWalk(series, transaction, {});
    const found: string[] = [];
    while (walk.advance()) found.push(walk.id);
    expect(found).toEqual(['a', 'c']);
    walk.close();
    transaction.done();
  });
});

describe('a key', () => {
  it.each([
    ['a'.repeat(LONGEST_PLAIN_KEY), true],
    ['a'.repeat(LONGEST_PLAIN_KEY + 1), false],
    ['é'.repeat(LONGEST_PLAIN_KEY / 2), true],
    [`${'é'.repeat(LONGEST_PLAIN_KEY / 2)}a`, false],
    ['\u{1f600}'.repeat(500), false],
  ])('is the id itself up to 1 900 bytes (%#)', (id, isPlain) => {
    const key = seriesKey(id);
    expect(key === id).toBe(isPlain);
    expect(Buffer.from(key as string).length).toBeLessThanOrEqual(1_978);
  });

  it('is never cut off where there is no room for it', () => {
    const target = Buffer.alloc(10);
    expect(SERIES_KEY_ENCODER.writeKey('12345', target, 5)).toBe(10);
    expect(() => SERIES_KEY_ENCODER.writeKey('éé12', target, 5)).toThrow(RangeError);
    expect(() => SERIES_KEY_ENCODER.writeKey('123456', target, 5)).toThrow(RangeError);
  });
});
