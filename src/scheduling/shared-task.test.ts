import { describe, expect, it } from 'vitest';
import { Gate } from '../../test/support/scripted-source.ts';
import { SharedTask } from './shared-task.ts';

describe('a shared task', () => {
  it('runs once for all callers that ask while it runs, and again for the next one', async () => {
    let runs = 0;
    const gates: Gate<number>[] = [];
    const work = (): Promise<number> => {
      runs++;
      const gate = new Gate<number>();
      gates.push(gate);
      return gate.promise;
    };
    const task = new SharedTask<number>();
    expect(task.isRunning).toBe(false);
    const [first, joined] = [task.run(work), task.run(work)];
    expect([runs, task.isRunning]).toEqual([1, true]);
    gates[0]!.open(1);
    expect(await Promise.all([first, joined])).toEqual([1, 1]);
    expect(task.isRunning).toBe(false);
    const next = task.run(work);
    gates[1]!.open(2);
    expect(await next).toBe(2);
  });

  it('fails for all callers of a run, and is started again after that', async () => {
    let runs = 0;
    const work = async (): Promise<number> => {
      runs++;
      if (runs === 1) throw new Error('no');
      return runs;
    };
    const task = new SharedTask<number>();
    const results = await Promise.allSettled([task.run(work), task.run(work)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    // No turn lies between the failure and the next start.
    expect(await task.run(work).catch(() => task.run(work))).toBe(2);
  });

  it('lets a task that asks for itself at once join its own run', async () => {
    let runs = 0;
    const task = new SharedTask<number>();
    let joined: Promise<number> | undefined;
    const work = async (): Promise<number> => {
      runs++;
      if (runs < 3) joined = task.run(work);
      return runs;
    };
    const run = task.run(work);
    expect(await Promise.all([run, joined])).toEqual([1, 1]);
    expect([runs, task.isRunning]).toEqual([1, false]);
  });

  it('can be started again after a task that throws at once', async () => {
    const task = new SharedTask<number>();
    const thrown = (): Promise<number> => {
      throw new Error('no');
    };
    await expect(task.run(thrown)).rejects.toThrow('no');
    expect(await task.run(async () => 1)).toBe(1);
  });
});
