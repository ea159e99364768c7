import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { afterAll, describe, expect, it } from 'vitest';
import { logTo } from '../../test/support/pushgateway.ts';
import { readFamilies } from '../push/pushed-body.ts';
import { PushedGroups } from '../push/pushed-groups.ts';
import { LmdbStore } from '../stores/lmdb/lmdb-store.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import { type FlagCommand, runCommand } from './command.ts';
import { DUMP_COMMAND, HASH_COMMAND, LOAD_COMMAND, VERIFY_COMMAND } from './store-commands.ts';
import { dumpLines } from './store-dump.ts';
import { loadLines } from './store-load.ts';

const folder = mkdtempSync(join(tmpdir(), 'store-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(command: FlagCommand, args: readonly string[], input = '') {
  const said = { out: '', error: '' };
  const code = await runCommand(command, args, {
    out: (text) => (said.out += text),
    write: async (text) => {
      said.out += String(typeof text === 'string' ? text : Buffer.from(text));
    },
    error: (text) => (said.error += text),
    input: (async function* () {
      yield Buffer.from(input);
    })(),
    isColored: false,
  });
  return { code, ...said };
}

/** A line of a dump with the points of its group in order. */
function sortedPoints(line: string): string {
  const { group, ...rest } = JSON.parse(line) as { group?: { points: { name: string }[] } };
  group?.points.sort((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify({ group, ...rest });
}

async function filled(name: string): Promise<string> {
  const path = join(folder, name);
  const store = await LmdbStore.open(path);
  await store.setFamilies([{ name: 'a', type: 'gauge', help: 'The as.' }]);
  await store.upsert([
    { name: 'a', labels: { number: 'NaN' }, value: Number.NaN, updatedAt: 5 },
    { name: 'a', labels: { l: 'x' }, value: Number.POSITIVE_INFINITY, updatedAt: 6 },
  ]);
  await store.upsert({ name: 'b', labels: { job: 'j' }, value: -0, updatedAt: 7 });
  await store.close();
  return `--storage.url=lmdb:${path}`;
}

describe('snapscrape dump and load', () => {
  it('carry groups over, with their expiry and their push times', async () => {
    const from = new MemoryStore();
    const points = [{ name: 'b', labels: { job: 'j' }, value: 1, updatedAt: 7 }];
    await from.replace({ job: 'j' }, points, { meta: '{"at":1}', expiresAt: 8e12 });
    await from.replace({ job: 'empty' }, []);
    const read = async (store: MemoryStore): Promise<readonly string[]> => {
      const lines: string[] = [];
      for await (const line of dumpLines(store)) lines.push(line);
      return lines;
    };
    const lines = await read(from);
    expect(lines.join('\n')).toContain('"meta":"{\\"at\\":1}","expiresAt":8000000000000');
    const to = new MemoryStore();
    const input = (async function* () {
      yield lines.join('\n');
    })();
    expect(await loadLines(to, input)).toBe(1);
    expect(await read(to)).toEqual(lines);
    await Promise.all([from.close(), to.close()]);
  });

  it('carry over what a gateway keeps, odd values and labels included', async () => {
    const [from, to] = [new MemoryStore(), await LmdbStore.open(join(folder, 'gateway'))];
    const log = logTo([]);
    const settings = { groupLimit: 9, lifetimes: () => 3_600_000, now: () => Date.now(), log };
    const groups = await PushedGroups.open(from, settings);
    const buckets = Array.from({ length: 20 }, (_, at) => `h_bucket{le="${at}",x=""} ${99 - at}\n`);
    const text = `${buckets.join('')}h_bucket{le="+Inf",x=""} 2\nh_count{x=""} 9\nh_sum{x=""} -1\n`;
    const body = Buffer.from(`# TYPE h histogram\n${text}${'# TYPE c counter\nc -1\n'}`);
    const labels = new Map([
      ['job', 'j'],
      ['empty', ''],
    ]);
    await groups.push(labels, readFamilies(body, undefined, false), 'put');
    const lines: string[] = [];
    for await (const line of dumpLines(from)) lines.push(line);
    const input = (async function* () {
      yield lines.join('\n');
    })();
    expect(await loadLines(to, input)).toBe(4);
    const copied: string[] = [];
    for await (const line of dumpLines(to)) copied.push(line);
    expect(copied.map(sortedPoints).toSorted()).toEqual(lines.map(sortedPoints).toSorted());
    const { index } = await PushedGroups.open(to, settings);
    expect([...index.groups]).toEqual([...groups.index.groups]);
    await Promise.all([from.close(), to.close()]);
  });

  it('hold no more than a pass of the series of groups', async () => {
    const from = new MemoryStore();
    for (let at = 0; at < 50; at++) {
      const labels = { job: `${at}` };
      const points = ['a', 'b', 'c', 'd'].map((name) => ({ name, labels, value: at }));
      await from.replace(labels, points);
    }
    await from.upsert(
      Array.from({ length: 300 }, (_, at) => ({
        name: 'alone',
        labels: { l: `${at}` },
        value: at,
      })),
    );
    const held: number[] = [];
    const lines: string[] = [];
    for await (const line of dumpLines(from, 40, (series) => held.push(series))) lines.push(line);
    expect(held).toEqual([40, 40, 40, 40, 40]);
    const whole: string[] = [];
    for await (const line of dumpLines(from)) whole.push(line);
    expect(lines.toSorted()).toEqual(whole.toSorted());
    expect(lines.at(-1)).toBe('{"end":{"groups":50,"series":500}}');
    await from.close();
  });

  it('carry a store over as it is, with times', async () => {
    const { code, out } = await run(DUMP_COMMAND, [await filled('from')]);
    expect(code).toBe(0);
    const to = `--storage.url=lmdb:${join(folder, 'to')}`;
    expect(await run(LOAD_COMMAND, [to], out)).toEqual({
      code: 0,
      out: '',
      error: '3 series were loaded\n',
    });
    expect((await run(DUMP_COMMAND, [to])).out).toBe(out);
  });

  it('write and read a page of text', async () => {
    const { out } = await run(DUMP_COMMAND, [await filled('text'), '--format=text']);
    expect(out).toContain('# HELP a The as.\n# TYPE a gauge\na{l="x"} +Inf\n');
    const to = `--storage.url=lmdb:${join(folder, 'text-to')}`;
    expect((await run(LOAD_COMMAND, [to, '--format=text'], out)).code).toBe(0);
    expect((await run(DUMP_COMMAND, [to, '--format=text'])).out).toBe(out);
  });

  it('say what is wrong', async () => {
    const store = `--storage.url=lmdb:${join(folder, 'wrong')}`;
    const head = '{"snapscrape_dump":1}\n';
    expect(await run(LOAD_COMMAND, [store], '')).toMatchObject({ code: 2 });
    expect((await run(LOAD_COMMAND, [store], 'x')).error).toContain('line 1 is not a JSON object');
    expect((await run(LOAD_COMMAND, [store], '{}')).error).toContain('line 1 is not the first');
    const cut = await run(LOAD_COMMAND, [store], `${head}{"point":{"name":"a","value":1}}\n`);
    expect([cut.code, cut.error]).toEqual([
      2,
      expect.stringContaining('it was interrupted; 0 groups and 1 series were loaded'),
    ]);
    const less = `${head}{"end":{"groups":0,"series":1}}\n`;
    expect((await run(LOAD_COMMAND, [store], less)).error).toContain('lines are missing');
    const bad = await run(LOAD_COMMAND, [store], `${head}{"point":{"name":"","value":1}}`);
    expect(bad.error).toContain('line 2 has a series that is rejected');
    const none = await run(DUMP_COMMAND, [`--storage.url=lmdb:${join(folder, 'nowhere')}`]);
    expect([none.code, none.error]).toEqual([2, expect.stringContaining('no LMDB store at')]);
    expect((await run(DUMP_COMMAND, [])).error).toContain('give --storage.url or');
    writeFileSync(join(folder, 'url'), 'memory:\n');
    expect(await run(DUMP_COMMAND, [`--storage.url-file=${join(folder, 'url')}`])).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringContaining('a memory: store ends with its process'),
    });
    expect(await run(LOAD_COMMAND, ['--storage.url=memory:'])).toMatchObject({
      code: 2,
      error: expect.stringContaining('give an lmdb: or redis: store'),
    });
  });
});

describe('snapscrape verify', () => {
  it('tells a sound file, and one that is not there', async () => {
    await filled('sound');
    const sound = await run(VERIFY_COMMAND, [`--storage.path=${join(folder, 'sound')}`]);
    expect(sound).toMatchObject({ code: 0, out: 'nothing is wrong; 3 series\n' });
    const none = await run(VERIFY_COMMAND, [`--storage.path=${join(folder, 'none')}`]);
    expect([none.code, none.out]).toEqual([1, '']);
    expect((await run(VERIFY_COMMAND, [])).code).toBe(2);
  });
});

describe('snapscrape hash-password', () => {
  it('makes a hash of the first line', async () => {
    const { code, out } = await run(HASH_COMMAND, ['--cost=4'], 'secret\nother\n');
    expect([code, await bcrypt.compare('secret', out.trim())]).toEqual([0, true]);
    expect((await run(HASH_COMMAND, [], '\n')).code).toBe(2);
    expect((await run(HASH_COMMAND, [], 'x'.repeat(73))).error).toContain('72 bytes');
  });
});
