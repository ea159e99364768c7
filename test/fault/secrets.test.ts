import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type SnapshotReader,
} from '../../src/index.ts';
import { ACCEPT, scrape } from '../support/page.ts';
import { type Answer, state } from '../support/scripted-source.ts';
import { type Question, ScriptedStore } from '../support/scripted-store.ts';

const SECRET = 'hunter2';

class SecretError extends Error {
  override name = `Error of ${SECRET}`;
  readonly code = SECRET;
  readonly status = 200;
  readonly headers = { 'x-secret': SECRET };
}

function fail(): never {
  throw new SecretError(`postgres://admin:${SECRET}@db`, { cause: new Error(SECRET) });
}

/** All that a response says, headers included. */
async function everything(response: Response): Promise<string> {
  return `${response.status} ${response.statusText} ${JSON.stringify([...response.headers])} ${await response.text()}`;
}

const FAULTS: readonly (readonly [what: string, Partial<Record<Question, Answer>>])[] = [
  ['an error of the source', { snapshot: fail }],
  ['an error of everything', { families: fail, snapshot: fail, snapshotCursor: fail }],
  ['a string for points', { snapshot: () => SECRET }],
  ['garbage points', { snapshot: () => [{ name: SECRET, labels: SECRET }, SECRET, state(1)] }],
  [
    'a rejected label',
    { snapshot: () => [{ ...state(1), labels: { a: `${SECRET}\ud800` } }, state(1)] },
  ],
  ['bad metadata', { families: () => [{ name: SECRET, type: SECRET, help: SECRET }, SECRET] }],
  ['a cursor', { snapshotCursor: () => `cursor-${SECRET}` }],
];

describe.each(FAULTS)('nothing internal leaks from %s', (_, answers) => {
  it.each(['cached', 'uncached'])('into the answers to scrapes, %s', async (kind) => {
    const store = new ScriptedStore();
    store.answers = answers;
    const reader: SnapshotReader = kind === 'cached' ? createCachedSnapshotReader(store) : store;
    const handler = createOpenMetricsHandler(reader);
    for (const accept of Object.values(ACCEPT)) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const said = await everything(await scrape(handler, { accept }, { method }));
        expect(said).not.toContain(SECRET);
        expect(said).not.toMatch(/SecretError|postgres|at .*\.ts:\d/);
      }
    }
  });
});

describe('a failure that is reported', () => {
  it('is reported once for a refresh, not for each family or scrape (kube-state-metrics#2261)', async () => {
    let reported = 0;
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store, { onError: () => reported++ });
    store.answers.snapshot = () =>
      Array.from({ length: 50 }, (_, i) => ({ ...state(1), name: `family_${i}` }));
    await reader.refresh();
    store.answers.snapshot = fail;
    store.answers.snapshotDelta = fail;
    const handler = createOpenMetricsHandler(reader);
    const refresh = reader.refresh();
    await Promise.all([1, 2, 3].map(() => scrape(handler)));
    await expect(refresh).rejects.toMatchObject({ code: 'refresh_failed' });
    // Once for the delta that could not be used, once for the refresh.
    expect(reported).toBe(2);
  });

  it('keeps what the source threw as the cause', async () => {
    const thrown = new SecretError('why');
    const reader = createCachedSnapshotReader({ snapshot: () => Promise.reject(thrown) });
    await expect(reader.refresh()).rejects.toMatchObject({ cause: thrown });
    await expect(reader.snapshot()).rejects.toMatchObject({
      code: 'snapshot_unavailable',
      cause: { code: 'refresh_failed', cause: thrown },
    });
  });
});
