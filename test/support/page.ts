import { gunzipSync } from 'node:zlib';
import {
  createOpenMetricsHandler,
  type HandlerOptions,
  type OpenMetricsHandler,
  type SnapshotReader,
} from '../../src/index.ts';

/** The `Accept` header that asks for each syntax. */
export const ACCEPT = {
  text: 'text/plain;version=0.0.4',
  openmetrics: 'application/openmetrics-text;version=1.0.0',
} as const;

/** One of the syntaxes that pages come in. */
export type Syntax = keyof typeof ACCEPT;

/** Both syntaxes. */
export const SYNTAXES: readonly Syntax[] = ['text', 'openmetrics'];

/** A handler that serves the points alone. */
export function bareHandler(reader: SnapshotReader, options?: HandlerOptions): OpenMetricsHandler {
  return createOpenMetricsHandler(reader, { selfMetrics: false, ...options });
}

/** Scrapes a handler in-process. */
export function scrape(
  handler: OpenMetricsHandler,
  headers: Readonly<Record<string, string>> = {},
  init: RequestInit = {},
): Promise<Response> {
  return handler.fetch(new Request('http://exporter/metrics', { ...init, headers }));
}

/** The page that a handler serves; a status other than 200 is an error. */
export async function pageOf(
  handler: OpenMetricsHandler,
  syntax: Syntax = 'text',
  coding?: 'gzip',
): Promise<string> {
  const headers = { accept: ACCEPT[syntax], ...(coding && { 'accept-encoding': coding }) };
  const response = await scrape(handler, headers);
  if (response.status !== 200) throw new Error(`The scrape was answered with ${response.status}`);
  const body = Buffer.from(await response.arrayBuffer());
  const isGzipped = response.headers.get('content-encoding') === 'gzip';
  if (isGzipped !== (coding === 'gzip')) throw new Error('The page is not coded as asked');
  return (isGzipped ? gunzipSync(body) : body).toString();
}
