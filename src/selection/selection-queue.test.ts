import { describe, expect, it } from 'vitest';
import { turns } from '../../test/support/until.ts';
import { SelectionQueue, SelectionTurns } from './selection-queue.ts';

/** Works for some slices, each of which ends when it yielding. */
async function work(turnsOf: SelectionTurns, slices: number, note: () => void): Promise<void> {
  await turnsOf.work(async () => {
    for (let i = 0; i < slices; i++) {
      if (i > 0) await turnsOf.yield();
      note();
    }
  });
}

describe('a queue of selections', () => {
  it('gives one turn at a time, in the order in which they came', async () => {
    const queue = new SelectionQueue();
    const order: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map((name) => work(new SelectionTurns(queue), 2, () => order.push(name))),
    );
    expect(order.join('')).toBe('abcabc');
  });

  it('gives one turn in each turn of the event loop, however short they are', async () => {
    const queue = new SelectionQueue();
    let loop = 0;
    let isDone = false;
    const count = (): void => {
      loop++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const at: number[] = [];
    await Promise.all(
      Array.from({ length: 50 }, () => work(new SelectionTurns(queue), 2, () => at.push(loop))),
    );
    isDone = true;
    expect(at).toHaveLength(100);
    expect(new Set(at).size).toBe(100);
  });

  it('is left by clients that have gone, and passes them over', async () => {
    const queue = new SelectionQueue();
    const leaving = new AbortController();
    const order: string[] = [];
    const first = work(new SelectionTurns(queue), 3, () => order.push('a'));
    const gone = work(new SelectionTurns(queue, leaving.signal), 3, () => order.push('b'));
    const last = work(new SelectionTurns(queue), 1, () => order.push('c'));
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ code: 'aborted' });
    await Promise.all([first, last]);
    expect(order.join('')).toBe('acaa');
    const late = new SelectionTurns(queue, AbortSignal.abort());
    await expect(work(late, 1, () => undefined)).rejects.toMatchObject({ code: 'aborted' });
  });

  it('passes the turn on when the client leaves in the middle, and when work fails', async () => {
    const queue = new SelectionQueue();
    const leaving = new AbortController();
    const left = work(new SelectionTurns(queue, leaving.signal), 9, () => leaving.abort());
    await expect(left).rejects.toMatchObject({ code: 'aborted' });
    const failed = new SelectionTurns(queue).work(() => {
      throw new Error('zlib gave up');
    });
    await expect(failed).rejects.toThrow('zlib gave up');
    let count = 0;
    await work(new SelectionTurns(queue), 3, () => count++);
    expect(count).toBe(3);
  });

  it('is full while 512 wait', async () => {
    const queue = new SelectionQueue();
    await queue.take(undefined);
    const leaving = new AbortController();
    const waiting = Array.from({ length: 512 }, () => {
      expect(queue.isFull).toBe(false);
      return queue.take(leaving.signal).catch(() => undefined);
    });
    expect(queue.isFull).toBe(true);
    queue.give();
    await turns(2);
    expect(queue.isFull).toBe(false);
    leaving.abort();
    await Promise.all(waiting);
  });
});
