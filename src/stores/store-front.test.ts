import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import type { Commit, Committed, DriverFrame, Entries, WriteNotes } from './driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import { createStoreOver } from './store-front.ts';

const point = (name: string, value = 1) => ({ name, value, updatedAt: 1 });
const points = (count: number) => Array.from({ length: count }, (_, i) => point(`m${i}`));

/** A driver whose commits wait until they are let go, or fail. */
class GatedDriver extends MemoryDriver {
  override readonly limits = { keyBytes: 100, payloadBytes: 0, commit: 10 };
  readonly commits: Commit[] = [];
  readonly #gates: ((failure: Error | undefined) => void)[] = [];

  constructor() {
    super(100);
  }

  override commit(commit: Commit): Committed {
    this.commits.push(commit);
    const committed = new Promise<Committed>((resolve, reject) => {
      this.#gates.push((failure) => {
        if (failure === undefined) resolve(super.commit(commit));
        else reject(failure);
      });
    });
    return committed as unknown as Committed;
  }

  /** Lets the oldest commit go, and waits for what follows. */
  async letGo(error?: Error): Promise<void> {
    this.#gates.shift()!(error);
    for (let turn = 0; turn < 3; turn++) await setImmediate();
  }
}

describe('upsert over a driver of promises', () => {
  it('collects the points of one commit more while one is under way', async () => {
    const driver = new GatedDriver();
    let taken = 0;
    function* counted() {
      for (const each of points(25)) {
        taken++;
        yield each;
      }
    }
    const result = createStoreOver(driver).upsert(counted());
    await setImmediate();
    expect([driver.commits.length, taken]).toEqual([1, 20]);
    await driver.letGo();
    expect([driver.commits.length, taken]).toEqual([2, 25]);
    await driver.letGo();
    await driver.letGo();
    expect(await result).toMatchObject({ added: 25 });
    const sizes = driver.commits.map(({ puts }) => puts.length);
    expect(sizes).toEqual([10, 10, 5]);
  });

  it('writes nothing more after a commit that failed, and says why', async () => {
    const driver = new GatedDriver();
    const store = createStoreOver(driver);
    const failed = store.upsert(points(25));
    const rejected = expect(failed).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { message: 'disk' },
    });
    await driver.letGo(new Error('disk'));
    await rejected;
    expect(driver.commits).toHaveLength(1);
  });

  it('writes what it took before the input threw', async () => {
    const driver = new GatedDriver();
    const store = createStoreOver(driver);
    function* failing() {
      yield* points(12);
      throw new Error('halfway');
    }
    const rejected = expect(store.upsert(failing())).rejects.toMatchObject({
      code: 'input_failed',
      cause: { message: 'halfway' },
    });
    await driver.letGo();
    await driver.letGo();
    await rejected;
    expect(driver.series.size).toBe(12);
  });

  it('lets the commits that are under way end before the store is closed', async () => {
    const driver = new GatedDriver();
    const store = createStoreOver(driver);
    const written = store.upsert(points(3));
    let isClosed = false;
    const closed = store.close().then(() => (isClosed = true));
    await setImmediate();
    expect(isClosed).toBe(false);
    await driver.letGo();
    await closed;
    expect(await written).toMatchObject({ added: 3 });
    await expect(store.upsert(points(1))).rejects.toThrow('The store is closed; upsert()');
  });
});

/** A driver that keeps notes, and whose commits may fail. */
class NotingDriver extends MemoryDriver {
  readonly lastWrites = new Map<string | undefined, number>();
  readonly unwritten = new Map<string, number>();
  failure: Error | undefined;
  isSlow = false;
  noted = 0;

  constructor() {
    super(100);
  }

  override commit(commit: Commit): Committed {
    if (this.failure !== undefined) throw this.failure;
    const { note } = commit;
    if (note !== undefined) this.noted++;
    if (note?.at !== undefined) this.lastWrites.set(note.writer, note.at);
    for (const [reason, count] of note?.unwritten ?? []) {
      this.unwritten.set(reason, (this.unwritten.get(reason) ?? 0) + count);
    }
    return super.commit(commit);
  }

  notes(): WriteNotes {
    const lastWrites = [...this.lastWrites].map(([writer, at]) => ({ writer, at }));
    const notes = { lastWrites, unwritten: new Map(this.unwritten) };
    return this.isSlow ? (Promise.resolve(notes) as unknown as WriteNotes) : notes;
  }
}

describe('notes of writers', () => {
  it('go with the points, at most once a second, and alone if something was rejected', async () => {
    let clock = 1_000;
    const driver = new NotingDriver();
    const store = createStoreOver(driver, { writer: 'w', now: () => clock });
    await store.upsert(point('a'));
    await store.upsert(point('b'));
    expect([driver.noted, driver.lastWrites.get('w')]).toEqual([1, 1_000]);
    clock = 2_000;
    await store.setFamilies([{ name: 'a', type: 'gauge' }]);
    expect([driver.noted, driver.lastWrites.get('w')]).toEqual([2, 2_000]);
    await store.upsert([point('a', 1), { ...point('a'), updatedAt: 0 }, null as never]);
    expect(driver.noted).toBe(4); // One with the points, and one for what was older.
    expect(Object.fromEntries(driver.unwritten)).toEqual({ older: 1, not_a_point: 1 });
    await store.gc();
    expect(driver.noted).toBe(4);
  });

  it('that could not be written are written with the next commit', async () => {
    const driver = new NotingDriver();
    const store = createStoreOver(driver, { now: () => 5_000 });
    driver.failure = new Error('full');
    await expect(store.upsert([null as never, point('a')])).rejects.toThrow('failed in upsert()');
    // Nothing is to be written but the note, which fails: the call does not.
    expect(await store.upsert([null as never])).toMatchObject({ refused: 1 });
    driver.failure = undefined;
    expect(store.writeStats!().rejected.not_a_point).toBe(2);
    await store.upsert(point('a'));
    expect(driver.unwritten.get('not_a_point')).toBe(2);
    expect(await store.lastWrites!()).toEqual([{ writer: undefined, at: 5_000 }]);
    expect(store.writeStats!().rejected.not_a_point).toBe(2);
  });

  it('of other processes are seen at the next look, if they come as promises', async () => {
    const driver = new NotingDriver();
    driver.isSlow = true;
    const store = createStoreOver(driver);
    await store.upsert([null as never]);
    expect(store.writeStats!().rejected.not_a_point).toBe(1);
    driver.unwritten.set('not_a_point', 7);
    expect(store.writeStats!().rejected.not_a_point).toBe(1);
    await store.lastWrites!();
    expect(store.writeStats!().rejected.not_a_point).toBe(7);
  });
});

/** A driver whose data set others have written to. */
class DamagedDriver extends MemoryDriver {
  readonly #damage: Entries = {
    keys: ['good', 'bad"{', 'x{a="1"', 'time', 'text'],
    payloads: [1, 2, 3, 4, 'five'],
    times: [1, 1, 1, Number.NaN, 1],
  };
  #isRead = false;

  constructor() {
    super(100);
  }

  override frame(): DriverFrame {
    const records = new Map([['good', '{"name":"other","type":"gauge"}']]);
    return { ...super.frame(), records, pages: [this.#damage] };
  }

  override records(): DriverFrame['records'] {
    return this.frame().records;
  }

  override changes() {
    const entries = this.#isRead ? { keys: [], payloads: [], times: [] } : this.#damage;
    this.#isRead = true;
    return { entries, next: this.head(), more: false };
  }
}

describe('what a driver has and should not have', () => {
  it('is rejected and counted, and never thrown', async () => {
    const store = createStoreOver(new DamagedDriver());
    const names: string[] = [];
    for await (const { name } of await store.snapshot()) names.push(name);
    expect(names).toEqual(['good']);
    const { events } = await store.snapshotDelta('');
    expect(events).toMatchObject([
      { point: { name: 'good' } },
      { deleted: true, seriesId: 'time' },
      { deleted: true, seriesId: 'text' },
    ]);
    expect(await store.families()).toEqual([]);
    const { rejected } = store.writeStats!();
    const { not_a_point, invalid_updated_at, invalid_value } = rejected;
    expect([not_a_point, invalid_updated_at, invalid_value]).toEqual([1, 2, 2]);
    expect(rejected.invalid_labels + rejected.invalid_name).toBe(4);
  });

  it('comes into no cache', async () => {
    const store = createStoreOver(new DamagedDriver());
    const reader = createCachedSnapshotReader(store);
    const names = [...(await reader.snapshot())].map(({ name }) => name);
    expect(names).toEqual(['good']);
    expect(store.writeStats!().lastRejected).toHaveLength(5);
  });
});
