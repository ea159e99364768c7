import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricStore } from '../../src/index.ts';
import { LmdbStore } from '../../src/stores/lmdb/index.ts';
import type { StoreSubject } from './store-subject.ts';

/** The store in a file of this machine. */
export const LMDB: StoreSubject = {
  name: 'LmdbStore',
  open: async () => {
    const path = mkdtempSync(join(tmpdir(), 'snapscrape-bench-'));
    const store = await LmdbStore.open(path);
    const opened: MetricStore[] = [store];
    return {
      store,
      bytes: async () => (await store.stats()).fileBytes,
      async reopen() {
        const again = await LmdbStore.open(path);
        opened.push(again);
        return again;
      },
      async discard() {
        for (const each of opened) await each.close();
        rmSync(path, { recursive: true });
      },
    };
  },
};
