import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AnswerTurns } from './answer-turns.ts';

/** Answers that take 1 ms each of a clock that stands still otherwise, in turns of 3 ms. */
function shared() {
  let now = 0;
  const turns = new AnswerTurns(3, () => now);
  const done: string[] = [];
  const answer = async (name: string, parts = 1): Promise<void> => {
    if (turns.isTaken({})) await turns.wait();
    for (let part = 1; part <= parts; part++) {
      if (turns.isOver()) await turns.wait();
      now++;
      done.push(parts === 1 ? name : `${name}${part}`);
      // As between the parts of a page.
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  /** What was done since the last call. */
  const since = (): string => done.splice(0).join(' ');
  return { answer, since };
}

test('an answer that comes alone does not wait', async () => {
  const { answer, since } = shared();
  for (const name of ['a', 'b']) {
    void answer(name);
    expect(since()).toBe(name);
    await turn();
  }
});

test('the answers of one turn take no longer than its budget, and keep their order', async () => {
  const { answer, since } = shared();
  const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => answer(name));
  expect(since()).toBe('a b c');
  await turn();
  expect(since()).toBe('d e f');
  // What comes now is behind what waits, though there would be time.
  all.push(answer('i'));
  await turn();
  expect(since()).toBe('g h i');
  await Promise.all(all);
});

test('a long answer takes turns with others', async () => {
  const { answer, since } = shared();
  const all = [answer('a', 7), answer('b'), answer('c')];
  const seen: string[] = [];
  for (let i = 0; i < 5; i++) {
    seen.push(since());
    await turn();
  }
  await Promise.all(all);
  const text = seen.join(' | ');
  expect(text.indexOf('b')).toBeLessThan(text.indexOf('a7'));
  expect(text.indexOf('c')).toBeLessThan(text.indexOf('a7'));
  expect(seen.every((slice) => slice.split(' ').length <= 3)).toBe(true);
});

test('any number of answers comes to its end, each once', async () => {
  const { answer, since } = shared();
  const names = Array.from({ length: 5000 }, (_, i) => String(i));
  await Promise.all(names.map((name) => answer(name)));
  expect(since()).toBe(names.join(' '));
});

test('while no client connects, answers wait for no other', async () => {
  let now = 0;
  const turns = new AnswerTurns(3, () => now);
  const connection = {};
  expect(turns.isTaken(connection)).toBe(false);
  now = 5;
  expect(turns.isTaken(connection)).toBe(true);
  await turns.wait();
  for (let i = 0; i < 20; i++) {
    turns.isOver();
    await turn();
  }
  now += 5;
  expect(turns.isTaken(connection)).toBe(false);
  turns.isOver();
  now += 1000;
  // Only later parts of long answers rest.
  expect([turns.isTaken(connection), turns.isOver()]).toEqual([false, true]);
  expect([turns.isTaken({}), turns.isTaken(connection)]).toEqual([true, true]);
});
