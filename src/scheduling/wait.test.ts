import { expect, it } from 'vitest';
import { waitFor } from './wait.ts';

it('a caller that has given up before it waits does not wait', async () => {
  const never = new Promise<void>(() => undefined);
  const waiting = waitFor(never, { signal: AbortSignal.abort('gone') });
  await expect(waiting).rejects.toMatchObject({ code: 'aborted', cause: 'gone' });
});

it('a caller that has given up is not bothered by the failure of the work', async () => {
  const work = Promise.reject(new Error('late'));
  const waiting = waitFor(work, { signal: AbortSignal.abort() });
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
});
