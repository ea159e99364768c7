import { setImmediate } from 'node:timers';

// A reader of standard error that has stopped must not fill our memory with lines.
const MOST_WAITING_BYTES = 1_048_576;

/** How many of our lines are being written. */
let writing = 0;

const ignore = (): void => undefined;

/**
 * Writes one line to standard error. Never throws, and never waits: if nothing reads standard error
 * the line is dropped.
 */
export function writeLine(line: string): void {
  try {
    const { stderr } = process;
    if (stderr.writableLength > MOST_WAITING_BYTES) return;
    // Without a listener, the error of a broken stream would end the process. Node's console
    // listens for one error at a time, but a broken pipe gives one for each line under way. Errors
    // of others' writes are theirs again once our lines are done.
    if (writing++ === 0) stderr.on('error', ignore);
    stderr.write(`${line}\n`, () => {
      setImmediate(() => {
        if (--writing === 0) stderr.removeListener('error', ignore);
      });
    });
  } catch {
    // Some runtimes have no standard error. An error about errors helps no one.
  }
}
