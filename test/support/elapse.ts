import { vi } from 'vitest';
import { turns } from './until.ts';

/**
 * Lets fake time pass in small steps, with turns of the event loop in between: refreshes rest by
 * the real one, so a single step could jump over what they do in no time at all.
 */
export async function elapse(ms: number, step = 250): Promise<void> {
  for (let rest = ms; rest > 0; rest -= step) {
    await vi.advanceTimersByTimeAsync(Math.min(step, rest));
    await turns(2);
  }
}
