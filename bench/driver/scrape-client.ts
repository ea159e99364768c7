import { Agent, get, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Coding } from './subject-list.ts';

/** What Prometheus asks for, without protobuf. */
const ACCEPT =
  'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

/** One scrape as the client saw it. */
export interface Scrape {
  /** From the request to the last byte, in ms. */
  readonly wall: number;
  /** Bytes of the body as it came. */
  readonly body: number;
}

/**
 * Scrapes one server over one connection that is kept, as Prometheus does; bodies are not decoded.
 */
export class ScrapeClient {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(port: number) {
    this.#port = port;
  }

  /** Scrapes once and forgets the body. */
  async scrape(coding: Coding): Promise<Scrape> {
    const start = performance.now();
    let body = 0;
    await this.#get(coding, (chunk) => {
      body += chunk.length;
    });
    return { wall: performance.now() - start, body };
  }

  /** Scrapes once and returns the decoded body. */
  async page(coding: Coding): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.#get(coding, (chunk) => chunks.push(chunk));
    const body = Buffer.concat(chunks);
    return coding === 'gzip' ? gunzipSync(body) : body;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #get(coding: Coding, take: (chunk: Buffer) => void): Promise<void> {
    const headers = { Accept: ACCEPT, 'Accept-Encoding': coding };
    const request = get({
      host: '127.0.0.1',
      port: this.#port,
      path: '/metrics',
      agent: this.#agent,
      headers,
    });
    await new Promise<void>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response: IncomingMessage) => {
        const isCoded = response.headers['content-encoding'] === 'gzip';
        if (response.statusCode !== 200 || isCoded !== (coding === 'gzip')) {
          reject(new Error(`Status ${response.statusCode}, gzip ${isCoded} for ${coding}`));
        }
        response.on('data', take).on('error', reject);
        response.on('end', () => (response.complete ? resolve() : reject(new Error('cut off'))));
      });
    });
  }
}
