import { describe, expect, it } from 'vitest';
import { Gate } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import { SharedRun } from './shared-run.ts';

/** A run that ends when it is told to, and what its signal says. */
function subject() {
  const gate = new Gate<string>();
  let signal: AbortSignal | undefined;
  const run = new SharedRun((ending) => {
    signal = ending;
    ending.addEventListener('abort', () => gate.fail(ending.reason));
    return gate.promise;
  });
  return { run, gate, isEnded: () => signal!.aborted };
}

describe('work that several wait for', () => {
  it('gives all of them its result', async () => {
    const { run, gate, isEnded } = subject();
    const waiting = [run.wait(undefined), run.wait(new AbortController().signal)];
    gate.open('done');
    expect(await Promise.all(waiting)).toEqual(['done', 'done']);
    await turns();
    expect(isEnded()).toBe(false);
  });

  it('goes on while anybody waits, and ends with the last one who leaves', async () => {
    const { run, isEnded } = subject();
    let failures = 0;
    run.failed(() => failures++);
    const callers = [new AbortController(), new AbortController()];
    const waiting = callers.map(({ signal }) => run.wait(signal).catch((e: unknown) => e));
    callers[0]!.abort();
    expect(await waiting[0]).toMatchObject({ code: 'aborted' });
    await turns();
    expect(isEnded()).toBe(false);
    callers[1]!.abort();
    expect(await waiting[1]).toMatchObject({ code: 'aborted' });
    await turns();
    expect([isEnded(), run.isGivenUp, failures]).toEqual([true, true, 1]);
  });

  it('goes on for whoever cannot leave', async () => {
    const { run, gate, isEnded } = subject();
    const kept = run.wait(undefined);
    const caller = new AbortController();
    const left = run.wait(caller.signal).catch((e: unknown) => e);
    caller.abort();
    expect(await left).toMatchObject({ code: 'aborted' });
    gate.open('done');
    expect(await kept).toBe('done');
    expect(isEnded()).toBe(false);
  });

  it('is not waited for by one who has left already', async () => {
    const { run } = subject();
    await expect(run.wait(AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  });
});
