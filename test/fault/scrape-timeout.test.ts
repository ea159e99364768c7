import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCachedSnapshotReader, type HandlerOptions } from '../../src/index.ts';
import { bareHandler, pageOf, scrape } from '../support/page.ts';
import { Gate, never, ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { turns } from '../support/until.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** After how many ms of waiting a scrape is answered, and how. */
async function answered(response: Promise<Response>): Promise<readonly [ms: number, what: string]> {
  let answer: Response | undefined;
  void response.then((it) => {
    answer = it;
  });
  let ms = 0;
  // Whatever needs no time, but turns of the event loop, comes first.
  await turns(5);
  for (; answer === undefined && ms < 60_000; ms += 50) {
    await vi.advanceTimersByTimeAsync(50);
    await turns(2);
  }
  if (answer === undefined) throw new Error('The scrape was never answered');
  return [ms, answer.status === 200 ? await answer.text() : `${answer.status}`];
}

/** A handler over a source that hangs, with a good snapshot from before or without. */
async function hangingHandler(hasSnapshot: boolean, options?: HandlerOptions) {
  const source = new ScriptedSource();
  const config = { refreshInterval: 0, refreshTimeout: 600_000 };
  const reader = createCachedSnapshotReader(source, config);
  if (hasSnapshot) await reader.refresh();
  const gate = new Gate<unknown>();
  source.answer = () => gate.promise;
  return { handler: bareHandler(reader, options), gate, source };
}

const TIMEOUT = 'x-prometheus-scrape-timeout-seconds';

describe('deadlines: a scrape waits for a hanging refresh', () => {
  it.each([
    ['5', 4500],
    ['0.5', 250],
    ['10.000', 9500],
    ['0', 9500],
    ['-3', 9500],
    ['soon', 9500],
    ['', 9500],
    ['NaN', 9500],
    ['Infinity', 9500],
  ])('as long as its header %j allows, then gets the last good page', async (seconds, ms) => {
    const { handler } = await hangingHandler(true);
    const headers = { [TIMEOUT]: seconds };
    expect(await answered(scrape(handler, headers))).toEqual([ms, statePage(1)]);
  });

  it('as long as the options say when it has no header', async () => {
    const options = { scrapeTimeout: 2000, scrapeTimeoutMargin: 100 };
    const { handler } = await hangingHandler(true, options);
    expect(await answered(scrape(handler))).toEqual([1900, statePage(1)]);
  });

  it('and gets 503 where there is no good page yet', async () => {
    const { handler } = await hangingHandler(false);
    expect(await answered(scrape(handler, { [TIMEOUT]: '1' }))).toEqual([500, '503']);
  });

  it('without ending the refresh, which the next scrapes profit from', async () => {
    const { handler, gate, source } = await hangingHandler(true);
    expect(await answered(scrape(handler, { [TIMEOUT]: '1' }))).toEqual([500, statePage(1)]);
    const next = answered(scrape(handler, { [TIMEOUT]: '1' }));
    gate.open([state(2)]);
    expect(await next).toEqual([0, statePage(2)]);
    expect(source.reads).toBe(2);
    expect(source.signal?.aborted).toBe(false);
  });
});

describe('a reader without a cache', () => {
  it('that hangs costs a scrape its own time, and is stopped by its signal', async () => {
    const source = new ScriptedSource();
    source.answer = never;
    // The default log has a timer of its own.
    const handler = bareHandler(source, { onError: () => undefined });
    expect(await answered(scrape(handler, { [TIMEOUT]: '2' }))).toEqual([1500, '503']);
    expect(source.signal?.aborted).toBe(true);
    source.answer = undefined;
    expect(await pageOf(handler)).toBe(statePage(1));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is stopped by its signal when the client goes away', async () => {
    const source = new ScriptedSource();
    source.answer = never;
    const client = new AbortController();
    const response = scrape(bareHandler(source), {}, { signal: client.signal });
    await vi.advanceTimersByTimeAsync(0);
    expect(source.signal?.aborted).toBe(false);
    client.abort();
    expect(await answered(response)).toEqual([0, '499']);
    expect(source.signal?.aborted).toBe(true);
  });

  it('is not read for a client that is gone already', async () => {
    const source = new ScriptedSource();
    source.answer = never;
    const response = scrape(bareHandler(source), {}, { signal: AbortSignal.abort() });
    expect(await answered(response)).toEqual([0, '499']);
    expect(source.reads).toBe(0);
  });
});
