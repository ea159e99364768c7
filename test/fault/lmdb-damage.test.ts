import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DeltaEvent } from '../../src/index.ts';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { bundleProgram } from '../support/bundle.ts';

// A campaign: LMDB_DAMAGES=2000 LMDB_SEED=7 npx vitest run test/fault/lmdb-damage.test.ts
const DAMAGES = Number(process.env.LMDB_DAMAGES ?? 30);
const SEED = Number(process.env.LMDB_SEED ?? 1);
const AT_ONCE = 30;

interface Outcome {
  readonly faults: readonly string[];
  readonly code?: string;
  readonly codes?: readonly string[];
  readonly points?: readonly string[];
  readonly refused?: number;
}

it(`flipped bits in ${DAMAGES} files end no process, and change nothing without a word`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'snapscrape-damage-'));
  const program = bundleProgram(join(import.meta.dirname, 'lmdb-survivor.ts'));
  const { bytes, cursor } = await soundFile(join(folder, 'sound'));
  const random = randomNumbers(SEED);
  const read = (files: readonly Buffer[]): Outcome[] => {
    const paths = files.map((file, i) => {
      const path = join(folder, `${i}`);
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path);
      writeFileSync(join(path, 'data.mdb'), file);
      return path;
    });
    const { stdout, status, signal, stderr } = spawnSync(
      process.execPath,
      [program.path, cursor, ...paths],
      { encoding: 'utf8', maxBuffer: 2 ** 30 },
    );
    const lines = stdout.trim().split('\n');
    expect([signal, status, status === 0 ? '' : stderr, lines.length]).toEqual([
      null,
      0,
      '',
      files.length,
    ]);
    return lines.map((line) => JSON.parse(line) as Outcome);
  };
  const [sound] = read([bytes]);
  expect(sound).toMatchObject({ faults: [], codes: [], refused: 0 });
  const whole = new Set(sound!.points);
  expect(whole.size).toBe(3_200);
  const told = { refused: 0, opened: 0, unchanged: 0, served: 0 };
  for (let done = 0; done < DAMAGES; done += AT_ONCE) {
    const files = Array.from({ length: Math.min(AT_ONCE, DAMAGES - done) }, () => {
      const file = Buffer.from(bytes);
      for (let flips = 1 + random(3); flips > 0; flips--) {
        // Half of them where pages begin, as most bytes are of ids and values.
        const at =
          random(2) === 0 ? random(bytes.length) : random(bytes.length >> 12) * 4_096 + random(300);
        file[at]! ^= 1 << random(8);
      }
      return file;
    });
    for (const { faults, code, codes, points, refused } of read(files)) {
      for (const each of [code, ...(codes ?? [])])
        if (each !== undefined) expect(each).toMatch(/^[a-z_]+$/);
      const isSame = points?.length === whole.size && points.every((point) => whole.has(point));
      if (isSame) told.unchanged++;
      else expect(faults).not.toEqual([]);
      if (code !== undefined) continue;
      told.opened++;
      // What is served is as it was written, unless an id was damaged, which `verify` alone tells.
      const changed = points?.filter((point) => !whole.has(point)).length ?? 0;
      if (changed > 0) expect(faults.join()).toMatch(/ids|series/);
      if (refused! > 0 && points !== undefined) told.served++;
    }
  }
  expect(told.opened).toBeGreaterThan(DAMAGES / 10);
  program.remove();
  rmSync(folder, { recursive: true });
}, 3_600_000);

it('a damaged page of samples is left out, counted and listed, and heals when it is written', async () => {
  const path = mkdtempSync(join(tmpdir(), 'snapscrape-damage-'));
  const point = (i: number) => ({ name: 'm', labels: { i: `${i}` }, value: i, updatedAt: 1_000 });
  const points = Array.from({ length: 1_000 }, (_, i) => point(i));
  const store = await LmdbStore.open(path);
  const cursor = store.snapshotCursor();
  await store.upsert(points);
  await store.setFamilies([{ name: 'm', type: 'gauge', help: 'Some help.' }]);
  await store.close();
  expect(await LmdbStore.verify(path)).toEqual({ series: 1_000, faults: [] });

  const file = join(path, 'data.mdb');
  const bytes = readFileSync(file);
  const sample = Buffer.alloc(16);
  sample.writeDoubleLE(999, 0);
  sample.writeDoubleLE(1_000, 8);
  const at = bytes.lastIndexOf(sample);
  bytes[at + 2]! ^= 0x10;
  bytes[bytes.lastIndexOf('{"name":"m"')]! ^= 0x01;
  writeFileSync(file, bytes);

  const damaged = await LmdbStore.open(path, {
    retention: 1_000,
    sweepInterval: 2 ** 31 - 1,
    now: () => 1_500,
  });
  const served = [...damaged.snapshot()].map(({ value }) => value);
  expect(served).toHaveLength(750);
  expect(served).not.toContain(999);
  for (const value of served) expect(points[value as number]).toMatchObject({ value });
  const { rejected, lastRejected } = await damaged.stats();
  expect(rejected.invalid_value).toBe(250);
  expect(lastRejected.map(({ subject }) => subject)).toContain('m{i="999"}');
  expect([...damaged.families()]).toEqual([]);
  // A delta agrees with the snapshot.
  const events = [...(damaged.snapshotDelta(cursor).events as Iterable<DeltaEvent>)];
  expect(events.filter(({ deleted }) => deleted === true)).toHaveLength(250);
  const { series, faults } = await LmdbStore.verify(path);
  expect([series, faults.length]).toEqual([750, 100]);
  expect(await LmdbStore.verify(path)).toMatchObject({ series: 750 });

  // One write makes one series of the page sound; the others stay lost until they are written or
  // swept.
  await damaged.upsert({ ...point(999), updatedAt: 900 });
  expect([...damaged.snapshot()].map(({ value }) => value)).toContain(999);
  expect([...damaged.snapshot()]).toHaveLength(751);
  expect(await damaged.gc()).toBe(249);
  expect([...damaged.snapshot()]).toHaveLength(751);
  expect((await damaged.upsert(points)).added).toBe(249);
  expect([...damaged.snapshot()]).toHaveLength(1_000);
  await damaged.setFamilies([{ name: 'm', type: 'gauge', help: 'Some help.' }]);
  await damaged.close();
  expect(await LmdbStore.verify(path)).toEqual({ series: 1_000, faults: [] });
  rmSync(path, { recursive: true });
});

async function soundFile(path: string): Promise<{ bytes: Buffer; cursor: string }> {
  const store = await LmdbStore.open(path, { changeLogSize: 5_000 });
  const labels = (i: number) => ({ i: `${i}`, pad: 'x'.repeat(i % 50) });
  const point = (name: string, i: number) => ({
    name,
    labels: labels(i),
    value: i,
    updatedAt: 1e6 + i,
  });
  const points = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => point(name, i));
  await store.upsert([...points('m', 3_000), ...points('n', 400)]);
  await store.setFamilies([{ name: 'm', type: 'gauge', help: 'x'.repeat(500) }]);
  const cursor = store.snapshotCursor();
  await store.delete(
    Array.from(
      { length: 200 },
      (_, i) => `n{i="${i}"${i % 50 === 0 ? '' : `,pad="${'x'.repeat(i % 50)}"`}}`,
    ),
  );
  await store.upsert(
    points('m', 3_000).map((each) => ({ ...each, updatedAt: each.updatedAt + 1 })),
  );
  await store.close();
  return { bytes: readFileSync(join(path, 'data.mdb')), cursor };
}

function randomNumbers(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 13), 3_266_489_917) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
  };
}
