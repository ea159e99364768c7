import { describe, expect, it } from 'vitest';
import { gateway } from '../../test/support/gateway-groups.ts';
import { WITHOUT_OPENMETRICS } from '../formats/format.ts';
import { formsOf } from '../http/derived-forms.ts';
import { preparedHandler } from '../http/handler.ts';

const FAMILIES = 3;
/** The series of a group that are plain numbers on the page: all but the time of the push. */
const NUMBERS_A_GROUP = 2 * FAMILIES + 1;
/** The most bytes of a chunk. */
const CHUNK_BYTES = 96 * 1024;

/** Two series of each family. */
function body(round: number): string {
  const family = (at: number): string =>
    [0, 1].map((part) => `f${at}{part="${part}"} ${1000 + round}\n`).join('');
  return Array.from({ length: FAMILIES }, (_, at) => family(at)).join('');
}

/** What a push and the scrapes after it cost beside so many groups, counted. */
async function costsBeside(count: number) {
  const { push, groups, reader } = await gateway();
  const { handler } = preparedHandler(reader, { selfMetrics: false }, [], WITHOUT_OPENMETRICS);
  for (let at = 0; at < count; at++) await push(`job/load/instance/i${at}`, body(0));
  const headers = { 'Accept-Encoding': 'gzip' };
  const scrape = async (): Promise<unknown> =>
    (await handler.fetch(new Request('http://x/metrics', { headers }))).arrayBuffer();
  await scrape();
  const deflater = formsOf(reader).deflater(1);
  const deflated = (): number => deflater.bytesByZlib + deflater.bytesByPlan;
  const costs = [];
  for (let round = 1; round <= 3; round++) {
    const [lookups, deflatedBefore] = [groups.index.lookups, deflated()];
    // All of them are there: a new group's series have no lines yet, and are searched for.
    await push(`job/load/instance/i${round * 90}`, body(round));
    await scrape();
    const { work, lastRefreshKind, bytes: pageBytes } = reader.cacheStats();
    costs.push({
      kind: lastRefreshKind,
      lookups: groups.index.lookups - lookups,
      bySlot: work.linesBySlot,
      searched: work.linesSearched,
      rendered: work.linesRendered,
      rebuilt: work.chunksRebuilt,
      copied: work.bytesCopied,
      deflated: deflated() - deflatedBefore,
      pageBytes,
    });
  }
  return costs;
}

describe('a push and the scrape after it', () => {
  it('cost what was pushed, not what is stored', async () => {
    const few = await costsBeside(300);
    const many = await costsBeside(1_700);
    for (const [at, { kind, copied, deflated, pageBytes, ...counts }] of many.entries()) {
      const { pageBytes: fewerBytes, lookups, bySlot, searched } = few[at]!;
      expect(kind).toBe('delta');
      expect(counts.lookups).toBe(lookups);
      // The series of the group are known by their numbers; only the gateway's own are searched for.
      expect([counts.bySlot, bySlot]).toEqual([NUMBERS_A_GROUP, NUMBERS_A_GROUP]);
      expect(counts.searched).toBe(searched);
      expect(counts.searched).toBeLessThan(10);
      expect(counts.rendered).toBeLessThan(NUMBERS_A_GROUP + 10);
      // Those that changed are in one chunk of each family.
      expect(counts.rebuilt).toBeLessThan(FAMILIES + 10);
      const most = (FAMILIES + 2) * CHUNK_BYTES;
      expect(copied).toBeLessThan(most);
      expect(deflated).toBeLessThan(most);
      expect(pageBytes).toBeGreaterThan(Math.max(4 * fewerBytes, 1.2 * most));
    }
  });
});
