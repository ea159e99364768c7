import { expect, it } from 'vitest';
import { WriteQueue } from './write-queue.ts';

it('fails all writes that wait if what must be done before them fails', async () => {
  let runs = 0;
  const queue = new WriteQueue({
    isDue: () => runs < 1,
    run: async () => {
      runs++;
      throw new Error('away');
    },
  });
  const write = (): Promise<string> => queue.run(async () => 'written');
  const waiting = await Promise.allSettled([write(), write(), write()]);
  expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect([await write(), runs]).toEqual(['written', 1]);
});
