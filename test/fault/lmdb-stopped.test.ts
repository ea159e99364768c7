import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { bundleProgram } from '../support/bundle.ts';
import { turns, until } from '../support/until.ts';

const isLinux = process.platform === 'linux';

it.runIf(isLinux)(
  'close does not wait for ever for a writer that is stopped',
  async () => {
    const path = mkdtempSync(join(tmpdir(), 'snapscrape-stopped-'));
    const program = bundleProgram(join(import.meta.dirname, 'lmdb-holder.ts'));
    const store = await LmdbStore.open(path);
    await store.upsert({ name: 'before', labels: {}, value: 1 });
    const holder = spawn(process.execPath, [program.path, path]);
    const gone = once(holder, 'close');
    try {
      await once(holder.stdout, 'data');
      await until('the writer is stopped', () => stateOf(holder.pid!) === 'T');
      const write = store
        .upsert({ name: 'a', labels: {}, value: 1 })
        .catch((error: unknown) => error);
      await turns(); // until it waits for the lock
      // Reads need no lock.
      expect([...store.snapshot()].map(({ name }) => name)).toEqual(['before']);
      await expect(store.close()).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringContaining('write lock'),
      });
      expect(await write).toMatchObject({ code: 'store_unavailable' });
      await expect(store.upsert([])).rejects.toMatchObject({ code: 'closed' });
    } finally {
      holder.kill('SIGCONT');
      await gone;
      program.remove();
    }
    const again = await LmdbStore.open(path);
    expect([...again.snapshot()].map(({ name }) => name)).toEqual(['before']);
    await again.upsert({ name: 'after', labels: {}, value: 1 });
    await again.close();
    rmSync(path, { recursive: true });
  },
  30_000,
);

/** How Linux calls the state of a process by a letter: `T` when it is stopped. */
function stateOf(pid: number): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
}
