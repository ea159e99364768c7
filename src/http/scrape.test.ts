import { describe, expect, it } from 'vitest';
import { pageOf, scrape } from '../../test/support/page.ts';
import { state, statePage } from '../../test/support/scripted-source.ts';
import { SnapscrapeError, type SnapscrapeErrorCode } from '../model/errors.ts';
import { RejectionLog } from '../model/rejection.ts';
import { type ErrorPolicy, providerOf } from '../refresh/snapshot-provider.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { createOpenMetricsHandler } from './handler.ts';

/** A provider that returns a snapshot or throws an error, as the test says. */
class Provider {
  readonly rejections: RejectionLog = new RejectionLog();
  readonly isKept = true;
  given: () => Promise<Snapshot> = () => providerOf({ snapshot: () => [state(1)] }).current();

  snapshot(): never {
    return expect.fail('a provider is asked for snapshots');
  }

  current(): Promise<Snapshot> {
    return this.given();
  }
}

function served(errorPolicy: ErrorPolicy) {
  const provider = new Provider();
  const reported: string[] = [];
  const handler = createOpenMetricsHandler(provider, {
    selfMetrics: false,
    errorPolicy,
    onError: ({ code }, { during, status }) => void reported.push(`${code} ${during} ${status}`),
  });
  return { provider, handler, reported };
}

const CODES: readonly (readonly [SnapscrapeErrorCode, usual: number, fail: number])[] = [
  ['refresh_failed', 503, 500],
  ['invalid_source_reply', 503, 500],
  ['refresh_timeout', 503, 503],
  ['snapshot_unavailable', 503, 503],
  ['snapshot_stale', 503, 503],
  ['closed', 503, 503],
];

describe.each(CODES)('a snapshot that is rejected with %s', (code, usual, fail) => {
  it.each([
    ['last-good', usual],
    ['continue', usual],
    ['fail', fail],
  ] as const)('under %s gives %d, and is reported', async (policy, status) => {
    const { provider, handler, reported } = served(policy);
    provider.given = () => Promise.reject(new SnapscrapeError(code, 'why'));
    const response = await scrape(handler);
    expect(response.status).toBe(status);
    expect(response.headers.has('retry-after')).toBe(status === 503);
    expect(reported).toEqual([`${code} refresh ${status}`]);
  });
});

describe('an error that should not be', () => {
  it.each(['last-good', 'continue', 'fail'] as const)(
    'is 500 under %s, and reported',
    async (policy) => {
      const { provider, handler, reported } = served(policy);
      provider.given = () => Promise.reject(new TypeError('a bug'));
      const response = await scrape(handler);
      expect([response.status, await response.text()]).toEqual([
        500,
        'The metrics could not be served.\n',
      ]);
      expect(reported).toEqual(['scrape_failed refresh 500']);
    },
  );

  it('in the making of a page is 500, and the next page is sound', async () => {
    const { provider, handler, reported } = served('last-good');
    const { given } = provider;
    provider.given = async () => ({ ...(await given()), families: undefined as never });
    expect((await scrape(handler)).status).toBe(500);
    expect(reported).toEqual(['scrape_failed page 500']);
    provider.given = given;
    expect(await pageOf(handler)).toBe(statePage(1));
  });
});
