import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

const MOST_BYTES = 1 << 20;

/**
 * Reads a small file. Rejects with the error of the system, or with a `RangeError` if it is too
 * large.
 *
 * @param mostBytes - the bound, in bytes. It holds for what has no size beforehand, such as a
 *   device, too.
 */
export async function readBounded(path: string, mostBytes: number = MOST_BYTES): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of createReadStream(path, { end: mostBytes })) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (bytes.length > mostBytes) throw new RangeError(`has more than ${mostBytes} bytes`);
  return bytes;
}

/** Why a file was not read, and the remedy, from the error of {@link readBounded}. */
export function readProblem(cause: unknown): string {
  return cause instanceof RangeError
    ? cause.message
    : 'cannot be read; correct the path or its rights';
}

/**
 * What changes when a file is written, replaced, removed or put back: its identity, size and times.
 * Never rejects: what cannot be looked at has a stamp as well.
 */
export async function fileStamp(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}
