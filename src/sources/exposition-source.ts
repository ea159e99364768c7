import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  invalidOptions,
  LONGEST_TIMER,
  numberWithin,
  oneOf,
} from '../model/options.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { formatOf } from '../parse/content-type.ts';
import type { Exposition, ParsingRules } from '../parse/index.ts';
import { failed } from './page-failure.ts';
import type { TlsSettings } from './page-request.ts';
import { PairedRead } from './paired-read.ts';

/** How the page of another exporter is read. Every field may be left out. */
export interface ExpositionSourceOptions {
  /** By which rules the page is read. Default `'prometheus'`: as a Prometheus server reads it. */
  readonly rules?: ParsingRules | undefined;
  /** How long a request may take, its body included, in ms. From 1; default 10 000. */
  readonly timeout?: number | undefined;
  /** The most bytes of the decompressed page. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** The most lines of the page; see `ParseOptions`. Default 2 million. */
  readonly maxLines?: number | undefined;
  /** Headers of each request, such as `authorization`. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** TLS settings of `node:tls`: `ca`, `cert`, `key`, `servername`, … Default: those of Node. */
  readonly tls?: TlsSettings | undefined;
  /** What the page is, if its Content-Type does not say it. Default: none; such a page fails. */
  readonly fallbackFormat?: string | undefined;
}

/** The default of every {@link ExpositionSourceOptions} field. */
export const EXPOSITION_SOURCE_DEFAULTS: Checked<
  ExpositionSourceOptions,
  'tls' | 'fallbackFormat'
> = Object.freeze({
  rules: 'prometheus',
  timeout: 10_000,
  maxBytes: 64 * 1024 * 1024,
  maxLines: 2_000_000,
  headers: Object.freeze({}),
  tls: undefined,
  fallbackFormat: undefined,
});

const ACCEPT =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,' +
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';

const isObject = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null ? undefined : 'must be an object';
const isHeaders = (value: unknown): string | undefined =>
  isObject(value) ??
  (Object.entries(value as object).every(([name, text]) => isHeader(name, text))
    ? undefined
    : 'must have texts as values, and names and values that HTTP allows');

// RFC 9110: a token, and a text without control characters.
const HEADER_NAME = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function isHeader(name: string, text: unknown): boolean {
  return HEADER_NAME.test(name) && typeof text === 'string' && HEADER_VALUE.test(text);
}

const isFormat = (value: unknown): string | undefined =>
  typeof value === 'string' && formatOf(value) !== undefined
    ? undefined
    : 'must be a format or a Content-Type, as the option format of parseExposition';

/**
 * Makes a source of another exporter's page, so that it can be cached, cut into shards, selected,
 * merged with others and guarded.
 *
 * Each read is one request. An exporter that sends an ETag or Last-Modified is asked whether its
 * page has changed; if not, the points of the last read are given again. Redirects are not
 * followed. A read fails with `refresh_failed` for any status but 200, with `invalid_exposition`
 * for a page that the rules reject or that is too large. A page without a byte has no series,
 * whatever its Content-Type, except by the rules of the specification. Memory: the points of one
 * page.
 *
 * @throws SnapscrapeError `invalid_options` if the URL or an option is wrong.
 *
 * @example
 * ```ts
 * const source = expositionSource('http://127.0.0.1:9100/metrics');
 * await createExporterServer(source).start();
 * ```
 */
export function expositionSource(
  url: string | URL,
  options?: ExpositionSourceOptions,
): SnapshotReader {
  const settings = checkOptions('expositionSource', options, EXPOSITION_SOURCE_DEFAULTS, {
    rules: oneOf('specification', 'prometheus', 'tolerant'),
    timeout: numberWithin(1, LONGEST_TIMER, 'ms'),
    maxBytes: integerWithin(1, 2 ** 32, 'bytes'),
    maxLines: integerWithin(1, Number.MAX_SAFE_INTEGER, 'lines'),
    headers: isHeaders,
    tls: isObject,
    fallbackFormat: isFormat,
  });
  const parsed = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw invalidOptions('expositionSource', ['url must be an http or https URL']);
  }
  const page = new RemotePage(parsed, settings);
  const pair = new PairedRead((read) => page.read(read?.signal));
  return {
    snapshot: (read) => pair.points(read),
    families: (read) => pair.families(read) as Promise<readonly FamilyMetadata[]>,
  };
}

/** The page of another exporter as it was read last. */
class RemotePage {
  readonly #url: URL;
  readonly #options: Readonly<typeof EXPOSITION_SOURCE_DEFAULTS>;
  readonly #headers: Readonly<Record<string, string>>;
  #last: Exposition | undefined;
  #validators: Record<string, string> = {};

  constructor(url: URL, options: Readonly<typeof EXPOSITION_SOURCE_DEFAULTS>) {
    this.#url = url;
    this.#options = options;
    this.#headers = {
      accept: ACCEPT,
      'accept-encoding': 'gzip',
      'user-agent': 'snapscrape',
      'x-prometheus-scrape-timeout-seconds': String(options.timeout / 1000),
      ...options.headers,
    };
  }

  async read(signal: AbortSignal | undefined): Promise<Exposition> {
    const { timeout, tls } = this.#options;
    // Programs that read no pages of others load neither TLS nor the parsers.
    const { requestPage } = await import('./page-request.ts');
    const ended = AbortSignal.timeout(timeout);
    const both = signal === undefined ? ended : AbortSignal.any([signal, ended]);
    try {
      const headers = { ...this.#headers, ...this.#validators };
      const { headers: given, body } = await requestPage({
        url: this.#url,
        headers,
        tls,
        signal: both,
      });
      if (body === undefined && this.#last !== undefined) return this.#last;
      if (body === undefined)
        throw failed(this.#url, 'the status is 304, and no page was read before');
      const page = await this.#parse(given['content-type'] ?? '', body);
      this.#validators = validatorsOf(given);
      // Without one the page is never asked for conditionally, and need not be kept.
      this.#last = Object.keys(this.#validators).length > 0 ? page : undefined;
      return page;
    } catch (error) {
      signal?.throwIfAborted();
      if (ended.aborted)
        throw failed(this.#url, `there was no whole page within ${timeout} ms`, error);
      if (error instanceof SnapscrapeError) throw error;
      throw failed(this.#url, 'its body ended too early or is damaged', error);
    }
  }

  async #parse(contentType: string, body: AsyncIterable<Uint8Array>): Promise<Exposition> {
    const { rules, maxBytes, maxLines, fallbackFormat } = this.#options;
    const { formatOfContentType, parseExposition } = await import('../parse/index.ts');
    const parts = body[Symbol.asyncIterator]();
    const first = await firstBytes(parts);
    // A Prometheus server asks nothing of a body without a byte: no Content-Type, no end mark.
    if (first === undefined && rules !== 'specification') return parseExposition('');
    const format = formatOfContentType(contentType) ?? fallbackFormat;
    if (format === undefined) {
      const given = JSON.stringify(contentType.slice(0, 100));
      throw failed(this.#url, `its Content-Type is ${given}; set fallbackFormat to read it anyway`);
    }
    const whole = first === undefined ? '' : joined(first, parts);
    return await parseExposition(whole, { format, rules, maxBytes, maxLines });
  }
}

/** The first bytes of a body; undefined if it has none. */
async function firstBytes(parts: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  for (;;) {
    const { done, value } = await parts.next();
    if (done === true) return undefined;
    if (value.length > 0) return value;
  }
}

/** A body whose first bytes were taken, as a whole. What reads it ends the rest with it. */
async function* joined(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

function validatorsOf(
  headers: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { etag, 'last-modified': modified } = headers;
  if (etag !== undefined) return { 'if-none-match': etag };
  return modified === undefined ? {} : { 'if-modified-since': modified };
}
