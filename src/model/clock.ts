/** Tells a time in milliseconds. */
export type Clock = () => number;

/**
 * The wall clock, in Unix milliseconds. Looked up at each call, so that a replaced clock is
 * followed.
 */
export const wallClock: Clock = () => Date.now();

/**
 * A wall clock that always tells a time: the system's, if the given one throws or tells no number.
 */
export function soundClock(given: Clock): Clock {
  return () => {
    try {
      const time = given();
      if (Number.isFinite(time)) return time;
    } catch {
      // Without a time nothing would ever be due.
    }
    return Date.now();
  };
}

/**
 * A clock for ages: it never goes back, whatever becomes of the wall clock. Its zero has no
 * meaning.
 *
 * Without a wall clock of the caller's it is the process's own clock. With one it follows that, so
 * that a test can let time pass; over a step back of it the process's own clock tells how much time
 * passed.
 */
export function elapsedClock(given?: Clock): Clock {
  if (given === undefined) return () => performance.now();
  let elapsed = 0;
  let wall = given();
  let own = performance.now();
  return () => {
    const [nextWall, nextOwn] = [given(), performance.now()];
    elapsed += nextWall >= wall ? nextWall - wall : nextOwn - own;
    wall = nextWall;
    own = nextOwn;
    return elapsed;
  };
}
