import { setImmediate, setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Commit, Committed } from './driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import { createStoreOver } from './store-front.ts';

const point = (i: number) => ({ name: `m${i}`, value: i, updatedAt: 1 });

/** A driver that notes how many puts each commit has, and takes its time or fails. */
class NotingDriver extends MemoryDriver {
  override readonly limits = { keyBytes: 100, payloadBytes: 0, commit: 10 };
  readonly sizes: number[] = [];
  ms: number | undefined = 0;
  failure: Error | undefined;
  /** What a commit waits for, instead of a time. */
  held: Promise<void> | undefined;

  constructor() {
    super(100);
  }

  override commit(commit: Commit): Committed {
    this.sizes.push(commit.puts.length);
    if (this.ms !== undefined) return this.#later(commit) as unknown as Committed;
    if (this.failure !== undefined) throw this.failure;
    return super.commit(commit);
  }

  async #later(commit: Commit): Promise<Committed> {
    await (this.held ?? setTimeout(this.ms));
    if (this.failure !== undefined) throw this.failure;
    return super.commit(commit);
  }
}

/** Points that are given one by one, when the test says so. */
function handed() {
  const waiting: (() => void)[] = [];
  let given = 0;
  async function* points() {
    for (;;) {
      const next = new Promise<void>((resolve) => waiting.push(resolve));
      await next;
      yield point(given++);
    }
  }
  return { points: points(), hand: () => waiting.shift()!(), ended: () => given };
}

const until = (isSo: () => boolean) => expect.poll(isSo, { interval: 1 }).toBe(true);

describe('upsert of points that come over time', () => {
  it.each([undefined, 0])('writes a point that none follows (commits of %s ms)', async (ms) => {
    const driver = new NotingDriver();
    driver.ms = ms;
    const { points, hand } = handed();
    createStoreOver(driver).upsert(points);
    for (const size of [1, 2, 3]) {
      await setImmediate();
      hand();
      await until(() => driver.series.size === size);
    }
    expect(driver.sizes).toEqual([1, 1, 1]);
  });

  it('collects while a commit is under way, and writes when it has ended', async () => {
    const driver = new NotingDriver();
    let release = (): void => undefined;
    driver.held = new Promise((resolve) => (release = resolve));
    const { points, hand, ended } = handed();
    createStoreOver(driver).upsert(points);
    for (let i = 1; i <= 4; i++) {
      await setImmediate();
      hand();
      await until(() => ended() === i && driver.sizes.length === 1);
    }
    // The last point has been given, and is taken in a later turn.
    await setImmediate();
    release();
    await until(() => driver.series.size === 4);
    expect(driver.sizes).toEqual([1, 3]);
  });

  it('fills its commits if a point comes in each turn', async () => {
    const driver = new NotingDriver();
    async function* fast() {
      for (let i = 0; i < 25; i++) {
        await setImmediate();
        yield point(i);
      }
    }
    expect(await createStoreOver(driver).upsert(fast())).toMatchObject({ added: 25 });
    expect(driver.sizes).toEqual([10, 10, 5]);
  });

  it.each([undefined, 0])('fails at the next point if a commit of %s ms failed', async (ms) => {
    const driver = new NotingDriver();
    driver.ms = ms;
    driver.failure = new Error('disk');
    const { points, hand, ended } = handed();
    const written = createStoreOver(driver).upsert(points);
    const rejected = expect(written).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: driver.failure,
    });
    await setImmediate();
    hand();
    await until(() => driver.sizes.length === 1);
    await setTimeout(5);
    hand();
    await rejected;
    expect([driver.sizes.length, ended()]).toEqual([1, 2]);
  });
});
