import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Commit, Committed, WriteNotes } from './driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import { createStoreOver } from './store-front.ts';

/** A driver that keeps notes, whose commits and notes may take some turns. */
class SlowNotingDriver extends MemoryDriver {
  readonly unwritten = new Map<string, number>();
  readonly #isReturned: boolean;
  readonly #areNotesSlow: boolean;

  /** @param isReturned - whether commits return the counts. */
  constructor(isReturned: boolean, areNotesSlow: boolean) {
    super(100);
    this.#isReturned = isReturned;
    this.#areNotesSlow = areNotesSlow;
  }

  override commit(commit: Commit): Committed {
    return this.#later(() => {
      if (commit.puts.some(({ key }) => key === 'bad')) throw new Error('disk');
      for (const [reason, count] of commit.note?.unwritten ?? []) {
        this.unwritten.set(reason, (this.unwritten.get(reason) ?? 0) + count);
      }
      const isReturned = this.#isReturned && commit.note !== undefined;
      return { ...super.commit(commit), ...(isReturned && { unwritten: new Map(this.unwritten) }) };
    });
  }

  notes(): WriteNotes {
    const notes = () => ({ lastWrites: [], unwritten: new Map(this.unwritten) });
    return this.#areNotesSlow ? this.#later(notes) : notes();
  }

  #later<T>(run: () => T): T {
    const later = async () => {
      for (let turn = 0; turn < 3; turn++) await setImmediate();
      return run();
    };
    return later() as T;
  }
}

describe('counts of what was not written', () => {
  it.each([
    ['returned by commits', true, true],
    ['read as promises', false, true],
    ['read at once', false, false],
  ])('stay while they are noted in the data set (%s)', async (_, isReturned, areNotesSlow) => {
    const driver = new SlowNotingDriver(isReturned, areNotesSlow);
    const store = createStoreOver(driver);
    const shown: number[] = [];
    const count = () => shown.push(store.writeStats!().rejected.not_a_point);
    const bad = [null as never, null as never];
    for (const name of ['a', 'bad', 'c']) {
      let isDone = false;
      const written = store
        .upsert([...bad, { name, value: 1 }])
        .catch(() => undefined)
        .then(() => (isDone = true));
      count();
      while (!isDone) {
        await setImmediate();
        count();
      }
      await written;
    }
    expect(shown).toEqual([...shown].sort((a, b) => a - b));
    expect([shown[0], shown.at(-1), driver.unwritten.get('not_a_point')]).toEqual([2, 6, 6]);
  });
});
