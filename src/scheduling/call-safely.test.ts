import { expect, it } from 'vitest';
import { turns } from '../../test/support/until.ts';
import { callSafely } from './call-safely.ts';

it('calls a listener at once with what it is given', () => {
  const seen: unknown[] = [];
  callSafely((a: number, b: string) => seen.push(a, b), 1, 'x');
  expect(seen).toEqual([1, 'x']);
});

it.each<readonly [string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
])('survives a listener that %s', async (_, listener) => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  callSafely(listener);
  await turns();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
