import { closeSync, openSync } from 'node:fs';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';

// Run by tests as a process of its own: opens stores one after the other as some user, writes to
// each and reads it, and says what came of it in a line each. LMDB may end the process, which is
// what is tested. With SPARE_FILES, it first opens files until it may open only so many more, for
// each store.
const [user = '', ...paths] = process.argv.slice(2);
const spare = process.env.SPARE_FILES;
if (user !== '') {
  process.setgid?.(Number(user));
  process.setgroups?.([]);
  process.setuid?.(Number(user));
}
// Loaded while it can be.
if (spare !== undefined) await import('lmdb');
for (const path of paths) {
  const taken = spare === undefined ? [] : takeAllBut(Number(spare));
  let outcome: object;
  try {
    const store = await LmdbStore.open(path);
    await store.upsert({ name: 'written', labels: {}, value: 1 });
    outcome = { series: [...store.snapshot()].length };
    await store.close();
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    outcome = { code, message };
  }
  for (const descriptor of taken) closeSync(descriptor);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

function takeAllBut(count: number): number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    for (const descriptor of taken.splice(0, count)) closeSync(descriptor);
    return taken;
  }
}
