import { setImmediate, setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { DriverFrame } from './driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import { createStoreOver, type StoreFront } from './store-front.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

const points = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `m${i}`, value: i, updatedAt: 1 }));

/** A driver that counts its open frames, and whose closing may fail. */
class FrameDriver extends MemoryDriver {
  open = 0;
  isClosed = false;
  frameFailure: Error | undefined;
  closeFailure: Error | undefined;

  constructor() {
    super(100);
  }

  override frame(): DriverFrame {
    this.open++;
    const close = (): void => {
      this.open--;
      if (this.frameFailure !== undefined) throw this.frameFailure;
    };
    return { ...super.frame(), close };
  }

  override close(): void {
    this.isClosed = true;
    if (this.closeFailure !== undefined) throw this.closeFailure;
  }
}

async function storeOf(driver: FrameDriver, count = 3) {
  const store = createStoreOver(driver);
  await store.upsert(points(count));
  const begin = async (signal?: AbortSignal) => {
    const snapshot = await store.snapshot(signal === undefined ? {} : { signal });
    const iterator = (snapshot as AsyncIterable<{ name: string }>)[Symbol.asyncIterator]();
    await iterator.next();
    return iterator;
  };
  return { store, begin };
}

describe('frames of a driver', () => {
  it('are closed if the caller gives up between two points', async () => {
    const driver = new FrameDriver();
    const { begin } = await storeOf(driver);
    const caller = new AbortController();
    const iterator = await begin(caller.signal);
    caller.abort(new Error('enough'));
    await expect(iterator.next()).rejects.toThrow('enough');
    expect(driver.open).toBe(0);
  });

  it('are closed if their iteration is dropped, before the driver is', async () => {
    const driver = new FrameDriver();
    const { store, begin } = await storeOf(driver);
    await begin();
    for (let turn = 0; turn < 20 && driver.open > 0; turn++) {
      collectGarbage();
      await setImmediate();
    }
    expect(driver.open).toBe(0);
    await store.close();
  });

  it('are all closed, and the driver too, if one of them cannot be', async () => {
    const driver = new FrameDriver();
    const { store, begin } = await storeOf(driver);
    const iterators = [await begin(), await begin()];
    driver.frameFailure = new Error('disk');
    const failure = { code: 'store_unavailable', cause: driver.frameFailure };
    await expect(store.close()).rejects.toMatchObject(failure);
    expect([driver.open, driver.isClosed, iterators.length]).toEqual([0, true, 2]);
  });
});

/** A driver whose pages are each read over some turns. */
class SlowPagesDriver extends FrameDriver {
  readonly events: string[] = [];

  override frame(): DriverFrame {
    return { ...super.frame(), pages: this.#pages() };
  }

  override close(): void {
    this.events.push('driver closed');
  }

  async *#pages() {
    for (let at = 0; ; at++) {
      this.events.push(`reads ${at}`);
      await setTimeout(20);
      this.events.push(`read ${at}`);
      yield { keys: [`m${at}`], payloads: [at], times: [1] };
    }
  }
}

describe('a page that is read over time', () => {
  it('is read to its end before the driver is closed', async () => {
    const driver = new SlowPagesDriver();
    const { store, begin } = await storeOf(driver);
    const iterator = await begin();
    const next = iterator.next();
    const rejected = expect(next).rejects.toMatchObject({ code: 'closed' });
    await setImmediate();
    await store.close();
    await rejected;
    expect(driver.events).toEqual(['reads 0', 'read 0', 'reads 1', 'read 1', 'driver closed']);
    expect(driver.open).toBe(0);
  });

  it('is not read after the driver was closed', async () => {
    const driver = new SlowPagesDriver();
    const { store } = await storeOf(driver);
    const reading = (store as StoreFront).read(undefined, { needsResume: false });
    await reading.next();
    const { items } = (await reading.next()).value as { items: AsyncIterable<unknown> };
    const pages = items[Symbol.asyncIterator]();
    await pages.next();
    await store.close();
    await expect(pages.next()).rejects.toMatchObject({ code: 'closed' });
    expect(driver.events).toEqual(['reads 0', 'read 0', 'driver closed']);
  });
});

describe('a driver that fails', () => {
  it('to close is reported as in any other method', async () => {
    const driver = new FrameDriver();
    driver.closeFailure = new Error('disk');
    const failure = { code: 'store_unavailable', cause: driver.closeFailure };
    await expect(createStoreOver(driver).close()).rejects.toMatchObject(failure);
  });

  it('because the caller gave up is not blamed for it', async () => {
    const driver = new FrameDriver();
    const { store } = await storeOf(driver);
    const caller = new AbortController();
    driver.frame = () => {
      caller.abort(new Error('too late'));
      throw caller.signal.reason;
    };
    const snapshot = await store.snapshot({ signal: caller.signal });
    const iterator = (snapshot as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toThrow('too late');
  });
});

describe('a snapshot', () => {
  it('gives each point once to a consumer that asks for several at a time', async () => {
    const { store } = await storeOf(new FrameDriver(), 2_000);
    const snapshot = (await store.snapshot()) as AsyncIterable<{ name: string }>;
    const iterator = snapshot[Symbol.asyncIterator]();
    const names: string[] = [];
    for (let isDone = false; !isDone; ) {
      const three = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
      for (const next of three) if (next.done !== true) names.push(next.value.name);
      isDone = three.every(({ done }) => done === true);
    }
    expect([names.length, new Set(names).size]).toEqual([2_000, 2_000]);
  });
});
