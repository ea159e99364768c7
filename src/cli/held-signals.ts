const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

const held = new Set<NodeJS.Signals>();
let listened: readonly NodeJS.Signals[] = [];

/**
 * Holds the signals that come while a program starts, until {@link releaseSignals}. By themselves
 * they would kill it. The second one that asks it to end does.
 *
 * @param more - what the program listens to besides SIGTERM and SIGINT.
 */
export function holdSignals(more: readonly NodeJS.Signals[]): void {
  listened = [...ENDING, ...more];
  for (const signal of listened) process.on(signal, hold);
}

function hold(signal: NodeJS.Signals): void {
  const isSecond = ENDING.includes(signal) && ENDING.some((each) => held.has(each));
  held.add(signal);
  if (isSecond) releaseSignals();
}

/** Sends the held signals again. The listeners that are set now get them; without any, they kill. */
export function releaseSignals(): void {
  for (const signal of listened) process.off(signal, hold);
  for (const signal of held) process.kill(process.pid, signal);
  held.clear();
}
