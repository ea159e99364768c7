/**
 * How many ticks a time is divided into: the more, the closer to the time, and the more it costs.
 */
export const TICKS = 8;

/**
 * Ticks `TICKS` times in so many ms. Time is counted in ticks where a server is judged: while this
 * process is stopped or busy none comes, and what lies in a socket is read between two of them.
 */
export function everyTick(ms: number, tell: () => void): NodeJS.Timeout {
  return setInterval(tell, Math.max(1, ms / TICKS));
}

/** Calls something after `TICKS` ticks. Returns what ends the wait. */
export function afterTicks(ms: number, tell: () => void): () => void {
  let ticks = 0;
  const timer = everyTick(ms, () => {
    if (++ticks < TICKS) return;
    clearInterval(timer);
    tell();
  });
  return () => clearInterval(timer);
}
