import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { answerTurns } from './answer-turns.ts';
import {
  canTell,
  cutOff,
  isHttp2,
  listenOnce,
  type NodeRequest,
  type NodeResponse,
  onGone,
} from './node-exchange.ts';
import type { RequestEntry } from './request-counts.ts';
import type { ReadyResponse, ScrapeRequest, ScrapeServer } from './scrape-exchange.ts';

/** How long a body may be that is copied into one write, in bytes. */
const COPIED_BYTES = 64 * 1024;

/** How long a body may be that is sent at once, in bytes: a part of a page, and its end. */
const SENT_BYTES = 512 * 1024;

/** A request with its response. */
export interface NodeExchange {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
}

/** How far a scrape has come that could not be sent at once. */
export interface BegunScrape {
  readonly entry?: RequestEntry;
  readonly made?: ReadyResponse;
}

/**
 * Sends a short page that lies ready, within this call: no promise, one write, and no timer
 * if the system takes all of it. The usual scrape of an ordinary exporter is this. Returns how far
 * it came otherwise. Never throws.
 */
export function sendNow(
  scraper: ScrapeServer,
  clientTimeout: number,
  exchange: NodeExchange,
): 'sent' | BegunScrape {
  const socket = idleSocket(exchange);
  if (socket === undefined || answerTurns.isTaken(socket)) return {};
  const { request, response } = exchange;
  const entry = scraper.requests.begin();
  const made = scraper.respondNow?.(askedBy(request), entry);
  if (made === undefined) return { entry };
  const bytes = made.parts.reduce((sum, part) => sum + part.length, 0);
  if (bytes > SENT_BYTES) return { entry, made };
  const { status } = made;
  try {
    // A write after the end must not end the process.
    response.on('error', ignore);
    response.writeHead(status, made.headers);
    writeAll(exchange, made.parts, bytes);
    if (response.writableEnded && response.writableLength === 0) entry.end(status);
    else endWhenTaken(exchange, clientTimeout, () => entry.end(status));
  } catch (error) {
    // Half a page must not look like a whole one.
    cutOff(response);
    scraper.errors.report(error, { during: 'sending', status });
    entry.end(status);
  }
  return 'sent';
}

function ignore(): void {}

/**
 * The socket of a response of HTTP/1 that has it for itself, with nothing waiting in it; undefined
 * for all that is unusual, such as HTTP/2, pipelined requests, and objects that Node did not make.
 */
function idleSocket({ request, response }: NodeExchange): Socket | undefined {
  if (!canTell(response) || isHttp2(response)) return undefined;
  const { socket }: { socket?: Socket | null } = response;
  if (!canTell(socket) || socket !== request.socket || socket.destroyed) return undefined;
  const isIdle = socket.writableLength === 0 && response.writableLength === 0;
  const isBegun = response.headersSent || response.writableEnded || response.destroyed;
  return isIdle && !isBegun ? socket : undefined;
}

function writeAll(
  { request, response }: NodeExchange,
  parts: readonly Uint8Array[],
  bytes: number,
): void {
  const stream: Writable = response;
  if (request.method === 'HEAD') {
    stream.end();
    return;
  }
  if (bytes <= COPIED_BYTES) {
    stream.end(Buffer.concat(parts, bytes));
    return;
  }
  // Shared parts are not copied. Node sends what is written in one turn together.
  for (const part of parts) stream.write(part);
  stream.end();
}

/** Waits for a client that does not read; it pins a snapshot until it is cut. */
function endWhenTaken(
  { request, response }: NodeExchange,
  clientTimeout: number,
  end: () => void,
): void {
  const undo: (() => void)[] = [];
  const done = (): void => {
    clearTimeout(cut);
    for (const each of undo) each();
    end();
  };
  const cut = setTimeout(() => {
    cutOff(response);
    done();
  }, clientTimeout);
  undo.push(listenOnce(response, 'finish', done), listenOnce(response, 'error', done));
  undo.push(onGone(request, response, done));
}

/** What a request asks for. */
export function askedBy(request: NodeRequest): Omit<ScrapeRequest, 'signal'> {
  const headers: Partial<NodeRequest['headers']> = request.headers ?? {};
  return {
    method: request.method ?? 'GET',
    query: queryOf(request.url ?? ''),
    header: (name) => headerValue(headers[name]),
  };
}

/** What stands behind the first `?` of a request's target. */
function queryOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? '' : target.slice(mark + 1);
}

function headerValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}
