import { Console } from 'node:console';

// A reader of standard error that has stopped must not fill our memory with lines.
const MOST_WAITING_BYTES = 1_048_576;

/**
 * Writes one line to standard error. Never throws, and never waits: if nothing reads standard error
 * the line is dropped.
 */
export function writeLine(line: string): void {
  try {
    const { stderr } = process;
    if (stderr.writableLength > MOST_WAITING_BYTES) return;
    // Node's console takes the errors of a stream that is broken; a plain write would end the
    // process.
    new Console({ stdout: stderr, stderr, ignoreErrors: true }).error(line);
  } catch {
    // Some runtimes have no standard error. An error about errors helps no one.
  }
}
