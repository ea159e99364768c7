import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { storeContract } from '../../testing/store-contract.ts';
import { LmdbStore } from './lmdb-store.ts';

const cases = storeContract({
  createDataSet: () => {
    const path = mkdtempSync(join(tmpdir(), 'snapscrape-lmdb-'));
    return {
      open: (options) => LmdbStore.open(path, options),
      discard: () => rmSync(path, { recursive: true }),
    };
  },
  isShared: true,
  isDurable: true,
  hasGroups: true,
  hasAllValues: true,
});

describe.each(cases)('LmdbStore: $topic', ({ title, run }) => {
  it(title, run);
});
