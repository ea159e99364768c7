import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { SnapscrapeError } from '../model/errors.ts';
import {
  type ExposedPoint,
  type Exposition,
  formatOfBytes,
  type ParsingRules,
  parseExposition,
} from '../parse/index.ts';

/** What is wrong with a file: why it is left out, or that some of its lines are. */
export function troubleOf(path: string, file: ReadFile | undefined): SnapscrapeError | undefined {
  const { error, exposition } = file ?? {};
  const [first] = exposition?.faults ?? [];
  if (error !== undefined || first === undefined) return error;
  const count = exposition!.faultCount;
  const which = `${count} line${count === 1 ? ' is' : 's are'} left out`;
  const message = `Of the file ${path} ${which}; the first is line ${first.line}: ${first.message}`;
  return new SnapscrapeError('invalid_exposition', message);
}

/** What identifies a state of a file. */
interface FileState {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
}

/** A file as it was read. */
export interface ReadFile extends FileState {
  readonly exposition: Exposition | undefined;
  /** Why there is none. */
  readonly error: SnapscrapeError | undefined;
}

/** How a file is read. */
export interface FileReadOptions {
  readonly rules: ParsingRules;
  readonly maxFileBytes: number;
  readonly maxLines: number;
  readonly timestamps: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * The names of the files `*.prom` of a directory, in order.
 *
 * @throws SnapscrapeError `input_failed` if it cannot be read, or has too many files.
 */
export async function textFilesIn(directory: string, maxFiles: number): Promise<readonly string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (cause) {
    const message = `The directory ${directory} cannot be read; create it, or correct the path`;
    throw new SnapscrapeError('input_failed', message, { cause });
  }
  const files = names.filter((name) => name.endsWith('.prom')).sort();
  if (files.length <= maxFiles) return files;
  const message = `The directory ${directory} has ${files.length} files; maxFiles is ${maxFiles}`;
  throw new SnapscrapeError('input_failed', message);
}

/**
 * Reads a file, in slices, unless it is as it was; undefined if there is no regular file.
 *
 * A writer should replace a file by a rename. A file that changes while it is read is an error, and
 * is read again the next time.
 */
export async function readTextFile(
  path: string,
  before: ReadFile | undefined,
  options: FileReadOptions,
): Promise<ReadFile | undefined> {
  let handle: FileHandle | undefined;
  try {
    // Without waiting, as a pipe would wait for a writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const state = await stateOf(handle);
    if (state === undefined) return undefined;
    if (before !== undefined && isSame(before, state)) return before;
    return await readOpen(handle, path, state, options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing && !(await isLink(path))) return undefined;
    const error = isMissing
      ? fault(path, 'it is a link to nothing; correct the link, or remove it', cause)
      : new SnapscrapeError('input_failed', `The file ${path} cannot be read`, { cause });
    return { size: -1, mtimeMs: 0, ino: 0, exposition: undefined, error };
  } finally {
    await handle?.close();
  }
}

async function readOpen(
  handle: FileHandle,
  path: string,
  state: FileState,
  options: FileReadOptions,
): Promise<ReadFile> {
  const { size } = state;
  try {
    if (size > options.maxFileBytes) {
      throw fault(path, `it has ${size} bytes; maxFileBytes is ${options.maxFileBytes}`);
    }
    const [head, tail] = [Buffer.alloc(8), Buffer.alloc(8)];
    await handle.read(head, 0, 8, 0);
    await handle.read(tail, 0, 8, Math.max(0, size - 8));
    const format = formatOfBytes(head.subarray(0, size), tail.subarray(0, size));
    const exposition = await parseExposition(chunksOf(handle, size, options.signal), {
      format,
      rules: options.rules,
      maxLines: options.maxLines,
    });
    const after = await stateOf(handle);
    if (after === undefined || !isSame(state, after)) {
      throw fault(path, 'it changed while it was read; write another file and rename it');
    }
    if (!options.timestamps && exposition.points.some(hasTimestamp)) {
      throw fault(path, 'it has timestamps; leave them out, or set the option timestamps');
    }
    return { ...state, exposition, error: undefined };
  } catch (cause) {
    options.signal?.throwIfAborted();
    const error =
      cause instanceof SnapscrapeError
        ? named(path, cause)
        : fault(path, 'it cannot be read', cause);
    return { ...state, exposition: undefined, error };
  }
}

/** Whether a path is a link, wherever that leads. */
async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

async function stateOf(handle: FileHandle): Promise<FileState | undefined> {
  const stat = await handle.stat();
  return stat.isFile() ? { size: stat.size, mtimeMs: stat.mtimeMs, ino: stat.ino } : undefined;
}

function isSame(a: FileState, b: FileState): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}

/** The bytes of a file, no more than it had at first. */
async function* chunksOf(
  handle: FileHandle,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    signal?.throwIfAborted();
    const chunk = Buffer.alloc(Math.min(65_536, size - at));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

function hasTimestamp({ timestamp }: ExposedPoint): boolean {
  return timestamp !== undefined;
}

function named(path: string, error: SnapscrapeError): SnapscrapeError {
  if (error.message.startsWith('The file ')) return error;
  return new SnapscrapeError(error.code, `The file ${path} is left out: ${error.message}`, {
    cause: error,
  });
}

function fault(path: string, reason: string, cause?: unknown): SnapscrapeError {
  return new SnapscrapeError('input_failed', `The file ${path} is left out: ${reason}`, { cause });
}
