import { expect, it, onTestFinished } from 'vitest';
import { createCachedSnapshotReader } from './cached-reader.ts';

it('a source that fails in lastWrites(), and whose reader is closed there, leaves no rejection', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const reader = createCachedSnapshotReader(
    {
      snapshot: () => [{ name: 'a', value: 1 }],
      lastWrites: async () => {
        reader.close();
        throw new Error('gone');
      },
    },
    { onError: () => undefined },
  );
  await expect(reader.refresh()).rejects.toMatchObject({ code: 'closed' });
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});
