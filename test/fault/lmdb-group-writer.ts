import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { roundOf } from './lmdb-group-rounds.ts';

// Run by a test as a process of its own, until it is killed: replaces one group again and again,
// and says which round was acknowledged.
const [path = '', name = '', from = '1'] = process.argv.slice(2);
const store = await LmdbStore.open(path);
for (let round = Number(from); ; round++) {
  await store.replace({ job: name }, roundOf(name, round), { meta: String(round) });
  process.stdout.write(`${round}\n`);
}
