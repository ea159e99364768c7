import { EventEmitter } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawAnswer } from '../../test/support/raw-client.ts';
import { listening } from '../../test/support/serving.ts';
import { turns } from '../../test/support/until.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler, type OpenMetricsHandler } from './handler.ts';
import type { NodeRequest, NodeResponse } from './node-exchange.ts';

const PAGE = '# TYPE a gauge\na 1\n';

/** A handler, what it reported, and how many requests it has under way. */
function served(): { handler: OpenMetricsHandler; errors: SnapscrapeError[] } {
  const errors: SnapscrapeError[] = [];
  const reader = createCachedSnapshotReader({
    snapshot: () => [{ name: 'a', labels: {}, value: 1, updatedAt: 1 }],
  });
  const handler = createOpenMetricsHandler(reader, {
    selfMetrics: false,
    clientTimeout: 50,
    maxRequestsInFlight: 1,
    onError: (error) => errors.push(error),
  });
  return { handler, errors };
}

/** What ends the process if nothing is done about it. */
function unhandled(): readonly unknown[] {
  const reasons: unknown[] = [];
  const note = (reason: unknown): void => void reasons.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return reasons;
}

/** A response as tests and frameworks make them, without what is named. */
function mockResponse(...missing: readonly string[]) {
  const parts: string[] = [];
  const state = { status: 0, isEnded: false };
  const response = Object.assign(new EventEmitter(), {
    writableEnded: false,
    writeHead: (status: number) => void (state.status = status),
    write: (part: Uint8Array) => parts.push(Buffer.from(part).toString()) > 0,
    end: () => {
      state.isEnded = true;
      response.emit('finish');
    },
    destroy: () => undefined,
  });
  for (const name of missing) Object.assign(response, { [name]: undefined });
  return { response, parts, state };
}

const REQUEST = { method: 'GET', url: '/metrics', headers: {} };

const NO_REQUESTS = {
  undefined,
  null: null,
  'a number': 1,
  hostile: new Proxy({}, { get: () => expect.fail('hostile') }),
};

describe('a request that Node did not make', () => {
  it.each([
    ['no socket', REQUEST],
    ['a socket that is undefined', { ...REQUEST, socket: undefined }],
    ['a socket that is null', { ...REQUEST, socket: null }],
    ['an empty socket', { ...REQUEST, socket: {} }],
    ['a frozen socket', { ...REQUEST, socket: Object.freeze({}) }],
    ['a socket of events alone', { ...REQUEST, socket: new EventEmitter() }],
    ['a socket that is a text', { ...REQUEST, socket: 'socket' }],
    ['no headers', { ...REQUEST, headers: undefined }],
    ['nothing', {}],
  ])('with %s gets the page', async (_what, request) => {
    const reasons = unhandled();
    const { handler, errors } = served();
    const { response, parts, state } = mockResponse();
    handler(request as unknown as NodeRequest, response as unknown as NodeResponse);
    await turns();
    expect([state, parts.join(''), errors]).toEqual([{ status: 200, isEnded: true }, PAGE, []]);
    expect(reasons).toEqual([]);
  });

  it.each(Object.entries(NO_REQUESTS))('but is %s gets an answer', async (_what, request) => {
    const reasons = unhandled();
    const { handler, errors } = served();
    const { response } = mockResponse();
    handler(request as unknown as NodeRequest, response as unknown as NodeResponse);
    await turns();
    expect(errors.map(({ code }) => code)).toEqual(request === 1 ? [] : ['scrape_failed']);
    expect(reasons).toEqual([]);
  });
});

describe('a response that Node did not make', () => {
  it.each([
    ['once', 200],
    ['on', 200],
    ['removeListener', 200],
    ['destroy', 200],
    ['writeHead', 0],
    ['write', 200],
    ['end', 200],
  ])('without %s spares the process, and gives its place back', async (missing, status) => {
    const reasons = unhandled();
    const { handler, errors } = served();
    const { response, state } = mockResponse(missing);
    for (let i = 0; i < 2; i++) {
      handler(REQUEST as unknown as NodeRequest, response as unknown as NodeResponse);
      await turns();
    }
    const isNeeded = ['writeHead', 'write', 'end'].includes(missing);
    expect([state.status, state.isEnded]).toEqual([status, !isNeeded]);
    expect(errors.map(({ code }) => code)).toEqual(isNeeded ? Array(2).fill('scrape_failed') : []);
    expect(reasons).toEqual([]);
    // There is one place, and it is free.
    const { status: next } = await handler.fetch(new Request('http://a/'));
    expect(next).toBe(200);
  });

  it.each([undefined, null, {}, 'response'])('but is %s gets an answer', async (response) => {
    const reasons = unhandled();
    const { handler, errors } = served();
    handler(REQUEST as unknown as NodeRequest, response as unknown as NodeResponse);
    await turns();
    expect(errors.map(({ code }) => code)).toEqual(['scrape_failed']);
    expect(reasons).toEqual([]);
  });

  it('and never tells of its end gives its place back after the time of a client', async () => {
    const { handler } = served();
    const { response } = mockResponse();
    Object.assign(response, { end: () => undefined });
    handler(REQUEST as unknown as NodeRequest, response as unknown as NodeResponse);
    await turns();
    const statusNow = async (): Promise<number> =>
      (await handler.fetch(new Request('http://a/'))).status;
    expect(await statusNow()).toBe(503);
    await expect.poll(statusNow).toBe(200);
  });
});

describe('fetch', () => {
  it.each<[string, unknown]>([
    ['a signal that is null', { url: 'http://a/m', method: 'GET', headers: {}, signal: null }],
    [
      'an object that is not a signal',
      { url: 'http://a/m', method: 'GET', signal: { aborted: false } },
    ],
    ['a relative URL', { url: '/metrics?a=1#b', method: 'GET', headers: new Headers() }],
    ['an empty URL', { url: '', method: 'GET', headers: new Headers() }],
    ['no URL', { method: 'GET' }],
    ['a URL object', new URL('http://a/metrics')],
    ['a text', '/metrics'],
    ['headers in a map', { url: '/', headers: new Map([['accept', 'text/plain']]) }],
    ['a method in lower case', { url: '/', method: 'get' }],
    ['no method', { url: '/' }],
  ])('with %s serves the page', async (_what, request) => {
    const { handler } = served();
    const response = await handler.fetch(request as Request);
    expect([response.status, await response.text()]).toEqual([200, PAGE]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each(Object.entries(NO_REQUESTS))('of %s never rejects', async (_what, request) => {
    const { handler } = served();
    const { status, headers } = await handler.fetch(request as unknown as Request);
    expect([status, headers.get('cache-control')]).toEqual([request === 1 ? 200 : 500, 'no-store']);
    expect((await handler.fetch(new Request('http://a/'))).status).toBe(200);
  });

  it('reads the query of a relative URL', async () => {
    const { handler } = served();
    const asked = async (url: string): Promise<string> =>
      (await handler.fetch({ url } as Request)).text();
    expect(await asked('/metrics?name[]=b')).toBe('');
    expect(await asked('?name[]=a#?name[]=b')).toBe(PAGE);
  });

  it('of HEAD in lower case has no body', async () => {
    const { handler } = served();
    const response = await handler.fetch({ url: '/', method: 'head' } as Request);
    expect([response.status, response.body]).toEqual([200, null]);
  });
});

it('a request line of another version is served like any', async () => {
  const { handler } = served();
  const { port } = await listening(handler);
  const answer = await rawAnswer({ port }, 'GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain(PAGE);
});
