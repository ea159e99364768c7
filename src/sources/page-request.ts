import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps, type RequestOptions as TlsRequestOptions } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { failed } from './page-failure.ts';

/** TLS settings of a connection, as `node:tls` has them. */
export type TlsSettings = Pick<
  TlsRequestOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized'
>;

/** What is asked of another exporter. */
export interface PageRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings | undefined;
  /** Ends the request and the reading of its body. */
  readonly signal: AbortSignal;
}

/** What another exporter returned: its page, or that it has not changed. */
export interface PageResponse {
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The page, decompressed; undefined if it has not changed. */
  readonly body: Readable | undefined;
}

/**
 * Asks for a page. Redirects are not followed.
 *
 * @throws SnapscrapeError `refresh_failed` for any status but 200 and 304, and if the connection
 *   fails.
 */
export async function requestPage(asked: PageRequest): Promise<PageResponse> {
  const response = await send(asked);
  const headers = single(response);
  const status = response.statusCode ?? 0;
  if (status === 304) {
    response.resume();
    return { headers, body: undefined };
  }
  if (status !== 200) {
    response.destroy();
    throw failed(asked.url, `the status is ${status}; a page has status 200`);
  }
  const coding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return { headers, body: response };
  if (coding !== 'gzip') {
    response.destroy();
    throw failed(
      asked.url,
      `the coding ${coding.slice(0, 50)} was not asked for; return gzip or none`,
    );
  }
  // An error of either reaches the reader of the decompressed page.
  return { headers, body: pipeline(response, createGunzip(), () => undefined) };
}

function send({ url, headers, tls, signal }: PageRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions & TlsRequestOptions = { ...tls, headers, signal };
    let request: ClientRequest;
    try {
      request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    } catch (cause) {
      reject(failed(url, 'the request cannot be sent; check the TLS settings', cause));
      return;
    }
    request.on('response', resolve);
    // No event but this one comes if the other end wants to change the protocol.
    request.on('close', () => reject(failed(url, 'the connection was closed without a response')));
    request.on('error', (cause) => {
      reject(signal.aborted ? cause : failed(url, 'the connection failed', cause));
    });
    request.end();
  });
}

/** Headers by name; of one that is repeated the first counts. */
function single({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}
