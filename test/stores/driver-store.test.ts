import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import type { StoreDriver } from '../../src/stores/driver.ts';
import { createStoreOver } from '../../src/stores/store-front.ts';
import { type ContractSubject, storeContract } from '../../src/testing/index.ts';
import { SharedData, SlowDriver } from './slow-driver.ts';

const folder = mkdtempSync(join(import.meta.dirname, '.driver-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The driver of docs/store-contract.md, as it stands there. */
const documented = async (): Promise<new (room?: number) => StoreDriver> => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/store-contract.md'), 'utf8');
  const [, block = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const file = join(folder, 'map-driver.ts');
  writeFileSync(file, block.replaceAll("'snapscrape'", "'../../../src/index.ts'"));
  const { MapDriver } = (await import(file)) as { MapDriver: new (room?: number) => StoreDriver };
  return MapDriver;
};
const MapDriver = await documented();

// What a store over a driver counts of its writes is of its own process: not `isShared`.
const inMemory: ContractSubject = {
  createDataSet: () => ({
    open: ({ changeLogSize, ...options }) => createStoreOver(new MapDriver(changeLogSize), options),
  }),
  isShared: false,
  isDurable: false,
  hasGroups: true,
  hasAllValues: true,
};
// Such a store notes its writes in the data set, so all stores over it count the same.
const overNetwork: ContractSubject = {
  createDataSet: () => {
    let data: SharedData | undefined;
    return {
      open: ({ changeLogSize, ...options }) => {
        data ??= new SharedData(new MapDriver(changeLogSize));
        return createStoreOver(new SlowDriver(data), options);
      },
    };
  },
  isShared: true,
  isDurable: true,
  hasGroups: true,
  hasAllValues: true,
};
const overSqlite: ContractSubject = {
  createDataSet: () => {
    const data = mkdtempSync(join(tmpdir(), 'snapscrape-sqlite-'));
    return {
      async open({ changeLogSize, ...options }) {
        const { SqliteDriver } = await import('./sqlite-driver.ts');
        return createStoreOver(new SqliteDriver(join(data, 'db'), changeLogSize), options);
      },
      discard: () => rmSync(data, { recursive: true }),
    };
  },
  isShared: false,
  isDurable: true,
};

describe.each(storeContract(inMemory))(
  'a store over the driver of the guide: $topic',
  ({ title, run }) => {
    it(title, run);
  },
);

describe.each(storeContract(overNetwork))(
  'a store over a driver of promises: $topic',
  ({ title, run }) => {
    it(title, run);
  },
);

if (isBuiltin('node:sqlite')) {
  describe.each(storeContract(overSqlite))('a store over SQLite: $topic', ({ title, run }) => {
    it(title, run);
  });
} else console.log('No store over SQLite is tested: only Node 22.5 and later have node:sqlite.');
