import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SnapscrapeError } from '../model/errors.ts';
import { formatOfBytes, formatOfContentType } from '../parse/index.ts';
import { askedUrl, shownTarget } from './page-target.ts';

/** A page that has been fetched as a whole. */
interface FetchedPage {
  readonly bytes: Buffer;
  /** The Content-Type or the name of a format. */
  readonly format: string;
}

/** How a page is fetched. */
export interface InputOptions {
  readonly contentType: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array | string>;
}

// What Prometheus asks for.
const ACCEPT =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,' +
  'application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,' +
  'text/plain;version=0.0.4;q=0.4,*/*;q=0.3';

/**
 * Fetches a page from a file, a URL or standard input, as far as it is within the limit.
 *
 * @throws SnapscrapeError `input_failed` if it cannot be read; the message says why.
 */
export async function fetchPage(target: string, options: InputOptions): Promise<FetchedPage> {
  try {
    const isUrl = /^https?:\/\//i.test(target);
    const page = isUrl ? await fromUrl(target, options) : await fromFile(target, options);
    if (page.bytes.length === 0) throw failed(target, 'nothing to check: the input is empty');
    return page;
  } catch (cause) {
    if (cause instanceof SnapscrapeError) throw cause;
    throw failed(target, reasonOf(cause, options.timeoutMs), cause);
  }
}

async function fromFile(target: string, options: InputOptions): Promise<FetchedPage> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) {
    throw failed(target, 'only URLs that begin with http:// or https:// can be read');
  }
  const chunks = target === '-' ? options.input : createReadStream(target);
  const input = await collect(chunks as AsyncIterable<Uint8Array | string>, options.maxBytes);
  const isGzip = input[0] === 0x1f && input[1] === 0x8b;
  const bytes = isGzip
    ? await collect(Readable.from([input]).pipe(createGunzip()), options.maxBytes)
    : input;
  return { bytes, format: options.contentType ?? formatOfBytes(bytes, bytes) };
}

async function fromUrl(target: string, options: InputOptions): Promise<FetchedPage> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  const asked = askedUrl(target);
  if (asked === undefined) throw failed(target, 'the URL cannot be read');
  const headers = new Headers({ accept: ACCEPT, 'user-agent': 'snapscrape-check' });
  if (asked.authorization !== undefined) headers.set('authorization', asked.authorization);
  for (const [name, value] of options.headers) headers.set(name, value);
  const response = await fetch(asked.url, { headers, signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw failed(target, `the status is ${response.status}; Prometheus takes 200 alone`);
  }
  const contentType = options.contentType ?? response.headers.get('content-type') ?? '';
  const isKnown =
    options.contentType !== undefined || formatOfContentType(contentType) !== undefined;
  if (!isKnown) {
    await response.body?.cancel();
    const given =
      contentType === ''
        ? 'there is no Content-Type'
        : `the Content-Type is ${contentType.slice(0, 200)}`;
    throw failed(
      target,
      `${given}; Prometheus would refuse the page. Give --content-type to check it anyway`,
    );
  }
  const body = response.body as AsyncIterable<Uint8Array> | null;
  return { bytes: await collect(body ?? [], options.maxBytes), format: contentType };
}

async function collect(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const part = Buffer.from(chunk as Uint8Array);
    size += part.length;
    if (size > maxBytes) {
      throw new SnapscrapeError(
        'input_failed',
        `The page has more than ${maxBytes} bytes; raise --max-bytes to check it`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function reasonOf(cause: unknown, timeoutMs: number): string {
  if (!(cause instanceof Error)) return 'it cannot be read';
  if (cause.name === 'TimeoutError')
    return `there was no whole page within ${timeoutMs / 1000} s; raise --timeout`;
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  const { code } = inner as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file; if it is a URL, write http:// before it';
  if (code === 'EISDIR') return 'it is a directory; give a file';
  // What undici says of a port of another protocol, which the standard of fetch rules out.
  if (inner.message === 'bad port') {
    return 'fetch refuses this port, as browsers do; serve the page at another port';
  }
  if (code?.startsWith('Z_') === true) return 'it is compressed with gzip, and cut or damaged';
  return inner.message;
}

function failed(target: string, reason: string, cause?: unknown): SnapscrapeError {
  return new SnapscrapeError('input_failed', `${shownTarget(target)}: ${reason}`, { cause });
}
