import { SnapscrapeError } from '../model/errors.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  invalidOptions,
  oneOf,
} from '../model/options.ts';
import { formatOf } from './content-type.ts';
import { createReader } from './create-reader.ts';
import type { ExposedFamily, ExposedPoint, Exposition, ParseOptions } from './exposition.ts';
import type { ExpositionReader, ReaderSettings } from './exposition-reader.ts';

/** The default of every {@link ParseOptions} field. */
export const PARSE_DEFAULTS: Checked<ParseOptions> = Object.freeze({
  format: 'text',
  rules: 'specification',
  maxBytes: 1024 ** 3,
  maxLineBytes: 1024 ** 2,
  maxLines: 100_000_000,
  maxFamilies: 100_000,
  maxLabels: 1024,
  maxFaults: 100,
});

/** A page that is there as a whole. */
export type WholePage = string | Uint8Array;

/** A page that comes in pieces: a web or Node stream, or any iterable of bytes or text. */
export type StreamedPage =
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/** Checks options of a function; throws `invalid_options` with all that is wrong. */
export function settingsOf(owner: string, options: ParseOptions | undefined): ReaderSettings {
  const checked = checkOptions(owner, options, PARSE_DEFAULTS, {
    format: (value) =>
      typeof value === 'string' && formatOf(value) !== undefined
        ? undefined
        : "must be 'text', 'openmetrics', 'openmetrics2', 'protobuf' or the Content-Type of one",
    rules: oneOf('specification', 'prometheus', 'tolerant'),
    maxBytes: integerWithin(1, Number.MAX_SAFE_INTEGER, 'bytes'),
    maxLineBytes: integerWithin(1, 2 ** 28, 'bytes'),
    maxLines: integerWithin(1, Number.MAX_SAFE_INTEGER, 'lines'),
    maxFamilies: integerWithin(1, 10_000_000, 'families'),
    maxLabels: integerWithin(0, 65_536, 'labels'),
    maxFaults: integerWithin(1, 100_000, 'faults'),
  });
  return { ...checked, format: formatOf(checked.format!)! } as ReaderSettings;
}

/**
 * Reads a page of one of the exposition formats: families, points and what breaks the rules.
 *
 * A page that is there as a whole is read at once; of a stream a promise is returned. By the rules
 * of the specification all faults of the page are found before it is refused. Memory: the points,
 * and by the rules of the specification the names of all families and the series of one family. Use
 * {@link streamExposition} to hold no more than a piece of the points.
 *
 * @throws `invalid_exposition` if the rules refuse the page or a limit is exceeded; its `faults`
 * tell each place. `invalid_options` if an option is wrong.
 *
 * @example
 * ```ts
 * const { points } = parseExposition('# TYPE up gauge\nup{job="a"} 1\n');
 * ```
 */
export function parseExposition(page: WholePage, options?: ParseOptions): Exposition;
/** Reads a stream; see the other form. */
export function parseExposition(page: StreamedPage, options?: ParseOptions): Promise<Exposition>;
export function parseExposition(
  page: WholePage | StreamedPage,
  options?: ParseOptions,
): Exposition | Promise<Exposition> {
  const reader = createReader(settingsOf('parseExposition', options));
  if (typeof page !== 'string' && !(page instanceof Uint8Array))
    return collect(piecesFrom(page), reader);
  for (const bytes of piecesOf(page)) reader.write(bytes);
  return finish(reader, new Map(), []);
}

/**
 * Reads a stream and gives what it holds piece by piece, in memory that does not grow with the
 * number of points.
 *
 * A family is given when its last line has been read, mostly behind its points. It is given again
 * if a later line changes it. Errors are those of `parseExposition()`; by the rules of the
 * specification they come behind the last piece, so use nothing of a page before its end.
 * Memory: the names of all families, up to `maxFamilies`; the lines of a histogram that is not
 * whole; by the rules of the specification also 16 to 32 bytes for each series of one family, as a
 * series that is there twice is looked for in all of it.
 */
export async function* streamExposition(
  page: WholePage | StreamedPage,
  options?: ParseOptions,
): AsyncGenerator<Exposition, void, undefined> {
  const reader = createReader(settingsOf('streamExposition', options));
  let faults = 0;
  for await (const piece of piecesFrom(page)) {
    for (const bytes of piecesOf(piece)) {
      reader.write(bytes);
      const part = reader.take();
      if (part.points.length + part.families.length === 0) continue;
      yield { ...part, faults: reader.log.kept.slice(faults), faultCount: reader.log.count };
      faults = reader.log.kept.length;
    }
  }
  reader.end();
  if (reader.log.isRefused && reader.log.isStrict) reader.log.refuse();
  yield { ...reader.take(), faults: reader.log.kept.slice(faults), faultCount: reader.log.count };
}

async function collect(pieces: StreamedPage, reader: ExpositionReader): Promise<Exposition> {
  const families = new Map<string, ExposedFamily>();
  let points: ExposedPoint[] = [];
  for await (const piece of pieces as AsyncIterable<Uint8Array>) {
    for (const bytes of piecesOf(piece)) {
      reader.write(bytes);
      points = add(reader, families, points);
    }
  }
  return finish(reader, families, points);
}

function finish(
  reader: ExpositionReader,
  families: Map<string, ExposedFamily>,
  points: ExposedPoint[],
): Exposition {
  reader.end();
  const { log } = reader;
  if (log.isRefused && log.isStrict) log.refuse();
  // What has been read is taken over, not copied, if there is only one part.
  const all = add(reader, families, points);
  return { families: [...families.values()], points: all, faults: log.kept, faultCount: log.count };
}

/** Takes what has been read; of a family that is there twice the later one counts. */
function add(
  reader: ExpositionReader,
  families: Map<string, ExposedFamily>,
  points: ExposedPoint[],
): ExposedPoint[] {
  const part = reader.take();
  for (const family of part.families) families.set(family.name, family);
  if (points.length === 0 && part.points.length > 0) return part.points;
  for (const point of part.points) points.push(point);
  return points;
}

const PIECE = 1024 * 1024;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The bytes of a page, without a copy of them if it is bytes already. */
export function* piecesOf(page: string | Uint8Array): Generator<Buffer, void, undefined> {
  if (page instanceof Uint8Array) {
    yield Buffer.from(page.buffer, page.byteOffset, page.byteLength);
    return;
  }
  if (typeof page !== 'string') {
    throw new SnapscrapeError(
      'invalid_source_reply',
      `A page came as ${typeof page}; give text, bytes or a stream of them`,
    );
  }
  for (let at = 0; at < page.length; ) {
    let end = Math.min(at + PIECE, page.length);
    // A pair of surrogates is one character.
    if (end < page.length && (page.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
    const piece = page.slice(at, end);
    yield piece.isWellFormed() ? Buffer.from(piece) : malformedBytes(piece);
    at = end;
  }
}

/** Bytes of a text in which lone surrogates are no UTF-8 either. */
function malformedBytes(text: string): Buffer {
  const parts = text.split(new RegExp(LONE_SURROGATE.source, 'g')).map((part) => Buffer.from(part));
  return Buffer.concat(
    parts.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from([0xff]), part])),
  );
}

/** The pieces of a page that comes in any form. */
export function piecesFrom(
  page: WholePage | StreamedPage,
): AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array> {
  if (typeof page === 'string' || page instanceof Uint8Array) return [page];
  const stream = page as Partial<ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>>;
  if (typeof page === 'object' && page !== null) {
    if (Symbol.asyncIterator in page || Symbol.iterator in page)
      return page as Iterable<Uint8Array>;
    if (typeof stream.getReader === 'function') return chunksOf(page as ReadableStream<Uint8Array>);
  }
  throw invalidOptions('parseExposition', ['the page must be text, bytes or a stream of them']);
}

async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
