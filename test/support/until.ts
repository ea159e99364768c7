import { setTimeout } from 'node:timers/promises';

/**
 * Waits until something holds that other processes, sockets or threads bring about; not for ever.
 */
export async function until(what: string, holds: () => boolean, withinMs = 100_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`It never came to this: ${what}`);
    await setTimeout(2);
  }
}

/** Lets everything run that needs no more than turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
