import { openSync, readSync } from 'node:fs';

const text = Buffer.alloc(64);

/**
 * How much of a processor the main thread of this process has used, in ms. Only Linux tells;
 * elsewhere it is that of all threads, those of the garbage collector among them.
 */
export const threadCpu: () => number = (() => {
  try {
    const file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
    // Its first number is in ns.
    return () =>
      Number.parseInt(text.toString('latin1', 0, readSync(file, text, 0, 64, 0)), 10) / 1e6;
  } catch {
    return () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
  }
})();
