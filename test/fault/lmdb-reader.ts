import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';

// Run by a test as a process of its own: begins to read a snapshot, and never goes on.
const store = await LmdbStore.open(process.argv[2] ?? '', { maxReadTime: 2_147_483_647 });
store.snapshot()[Symbol.iterator]().next();
process.stdout.write('reading\n');
setInterval(() => undefined, 60_000);
