import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';

// Run by tests as a process of its own: writes to a store for as long as it lives, and says after
// each round which one is acknowledged. A round gives all of its series the number of the round.
const [path = '', writer = '', from = '1', until = 'Infinity'] = process.argv.slice(2);
const SERIES = 40;

// Where a test limits the size of files, writing beyond it is an error rather than the end.
process.on('SIGXFSZ', () => undefined);

const store = await LmdbStore.open(path);
for (let round = Number(from); round <= Number(until); round++) {
  const own = Array.from({ length: SERIES }, (_, i) => ({
    name: 'own',
    labels: { writer, i: `${i}` },
    value: round,
    updatedAt: round,
  }));
  // Series come and go, so that slots are freed and taken while processes are killed.
  const brief = { name: 'brief', labels: { writer, round: `${round}` }, value: round };
  try {
    await store.upsert([...own, brief]);
    await store.delete(`brief{round="${round - 1}",writer="${writer}"}`);
  } catch (error) {
    process.stdout.write(`failed ${(error as { code?: string }).code}\n`);
    break;
  }
  // To a pipe this is written before it returns.
  process.stdout.write(`${round}\n`);
}
await store.close();
