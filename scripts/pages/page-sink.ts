import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import type { OpenMetricsHandler, SnapshotReader } from '../../src/index.ts';
import { FORMATS } from './formats.ts';

/** What a build exports. The corpus uses only what the builds on both sides have. */
export type Library = typeof import('../../src/index.ts');

/** A page of the corpus, as it goes from the process that made it to the one that compares. */
export interface Page {
  readonly group: string;
  readonly name: string;
  /** The SHA-256 of the status, the headers and the decoded body. */
  readonly hash: string;
  /** The SHA-256 of the body as it was sent. */
  readonly rawHash: string;
  /** The decoded page; left out if it is long. */
  readonly text: string | undefined;
}

/** How pages of one handler are asked for. */
export interface Scrapes {
  readonly query?: string;
  readonly formats?: readonly string[];
  readonly codings?: readonly string[];
  /** Changes the text before it is compared, to hide what no two runs have in common. */
  readonly mask?: (text: string) => string;
}

const LONGEST_TEXT = 200_000;
const HEADERS = ['content-type', 'content-encoding', 'vary'];
// From Node 22.15.
const unzstd = (zlib as { readonly zstdDecompressSync?: typeof zlib.gunzipSync })
  .zstdDecompressSync;
const CODINGS = ['identity', 'gzip', ...(unzstd === undefined ? [] : ['zstd'])];

/** The codings that a handler may offer here. */
const COMPRESSIONS: readonly ('gzip' | 'zstd')[] =
  unzstd === undefined ? ['gzip'] : ['gzip', 'zstd'];

/** Scrapes handlers and writes their pages to standard output. */
export class PageSink {
  readonly library: Library;
  readonly #group: string;

  constructor(group: string, library: Library) {
    this.#group = group;
    this.library = library;
  }

  /** Scrapes a reader in every format and coding, without the exporter's own metrics. */
  async readerPages(name: string, reader: SnapshotReader, scrapes: Scrapes = {}): Promise<void> {
    await this.pages(name, this.handler(reader), scrapes);
  }

  /** A handler without metrics of its own, which offers every coding. */
  handler(
    reader: SnapshotReader,
    options: Parameters<Library['createOpenMetricsHandler']>[1] = {},
  ): OpenMetricsHandler {
    return this.library.createOpenMetricsHandler(reader, {
      selfMetrics: false,
      compressions: COMPRESSIONS,
      subsets: { patterns: true },
      onError: () => undefined,
      ...options,
    });
  }

  async pages(name: string, handler: OpenMetricsHandler, scrapes: Scrapes = {}): Promise<void> {
    const { query = '', formats = FORMATS, codings = CODINGS, mask = same } = scrapes;
    for (const accept of formats) {
      for (const coding of codings) {
        const headers = { accept, 'accept-encoding': coding };
        const url = `http://exporter/metrics${query}`;
        const response = await handler.fetch(new Request(url, { headers }));
        const raw = Buffer.from(await response.arrayBuffer());
        await this.#write(`${name}${query} ${accept} ${coding}`, response, raw, mask);
      }
    }
  }

  /** Writes a text that is no page, such as the code of an error. */
  async note(name: string, text: string): Promise<void> {
    const hash = sha256([text]);
    await this.#send({ group: this.#group, name, hash, rawHash: hash, text });
  }

  async #write(
    name: string,
    { status, headers }: Response,
    raw: Buffer,
    mask: (text: string) => string,
  ): Promise<void> {
    // The body of a rejected request is not a page.
    const body = status === 200 ? decoded(raw, headers.get('content-encoding')) : Buffer.of();
    const head = [`${status}`, ...HEADERS.map((header) => headers.get(header) ?? '')].join('\n');
    const text = mask === same && body.length > LONGEST_TEXT ? undefined : mask(body.toString());
    const hash = sha256([`${head}\n`, mask === same ? body : text!]);
    const rawHash = mask === same && status === 200 ? sha256([raw]) : hash;
    const isShort = text !== undefined && text.length <= LONGEST_TEXT;
    const shown = isShort ? `${head}\n${text}` : undefined;
    await this.#send({ group: this.#group, name, hash, rawHash, text: shown });
  }

  async #send(page: Page): Promise<void> {
    // A reader of lines may take U+2028 for the end of one.
    const json = JSON.stringify(page).replaceAll(/[\u2028\u2029]/g, escaped);
    const line = `${json}\n`;
    if (!process.stdout.write(line))
      await new Promise((done) => process.stdout.once('drain', done));
  }
}

const same = (text: string): string => text;

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16)}`;

function decoded(body: Buffer, coding: string | null): Buffer {
  if (coding === 'gzip') return zlib.gunzipSync(body);
  return coding === 'zstd' ? unzstd!(body) : body;
}

function sha256(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
