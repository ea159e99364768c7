import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { type BundledProgram, bundleProgram } from '../support/bundle.ts';
import { until } from '../support/until.ts';

const USER = 65_534;
const isRoot = process.geteuid?.() === 0;
const isLinux = process.platform === 'linux';

let folder: string;
/** A store of 5 000 series, closed in good order. */
let sound: string;
let opener: BundledProgram;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'snapscrape-files-'));
  chmodSync(folder, 0o777);
  opener = bundleProgram(join(import.meta.dirname, 'lmdb-opener.ts'));
  sound = join(folder, 'sound');
  const store = await LmdbStore.open(sound);
  const labels = (i: number) => ({ i: `${i}`, pad: 'x'.repeat(60) });
  await store.upsert(
    Array.from({ length: 5_000 }, (_, i) => ({ name: 'm', labels: labels(i), value: i })),
  );
  await store.close();
});
afterAll(() => {
  opener.remove();
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly series?: number;
  readonly code?: string;
  readonly message?: string;
}

/**
 * Opens folders in a process of its own; a process that ended early has fewer outcomes, and a
 * signal.
 */
function openAll(paths: readonly string[], user = ''): Outcome[] {
  const child = spawnSync(process.execPath, [opener.path, user, ...paths], { encoding: 'utf8' });
  const lines = child.stdout.trim().split('\n').filter(Boolean);
  if (child.status !== 0) lines.push(JSON.stringify({ code: `${child.signal ?? child.stderr}` }));
  return lines.map((line) => JSON.parse(line) as Outcome);
}

/** A store's folder in which a case can spoil things. */
function storeAt(name: string): string {
  const path = join(folder, name);
  cpSync(sound, path, { recursive: true });
  return path;
}

type Case = readonly [name: string, code: string | undefined, spoil: (path: string) => void];

/** Runs cases in one process, each with a copy of the store; `undefined` is a store that opens. */
function judge(cases: readonly Case[], user?: string): void {
  const paths = cases.map(([name, , spoil], i) => {
    const path = storeAt(`${user ?? ''}case-${i}-${name.replaceAll(/\W/g, '-')}`);
    if (user !== undefined) {
      for (const file of ['', 'data.mdb', 'lock.mdb']) chownSync(join(path, file), USER, USER);
    }
    spoil(path);
    return path;
  });
  const outcomes = openAll(paths, user);
  const told = cases.map(([name], i) => [name, outcomes[i]?.code]);
  expect(told).toEqual(cases.map(([name, code]) => [name, code]));
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.code !== undefined) expect(outcome.message).toContain(paths[i]);
  }
}

function replace(path: string, make: (file: string) => void): void {
  rmSync(path, { recursive: true, force: true });
  make(path);
}

const KINDS: readonly (readonly [string, (file: string) => void])[] = [
  ['a folder', (file) => mkdirSync(file)],
  ['a named pipe', (file) => execFileSync('mkfifo', [file])],
  ['a socket', (file) => makeSocket(file)],
  ['a link to nothing', (file) => symlinkSync('nothing', file)],
  ['a link to itself', (file) => symlinkSync(file, file)],
  ['a device', (file) => symlinkSync('/dev/null', file)],
];

function makeSocket(file: string): void {
  // The program ends without closing, so that the socket stays.
  const program = `require('net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program]);
}

describe.runIf(isLinux)('opening files that LMDB cannot use is an error with a code', () => {
  it('whatever kind of thing has their names', () => {
    const cases = ['data.mdb', 'lock.mdb'].flatMap((file) =>
      KINDS.map(
        ([kind, make]): Case => [
          `${file} is ${kind}`,
          'store_unavailable',
          (path) => replace(join(path, file), make),
        ],
      ),
    );
    judge([
      ...cases,
      ['the folder is a file', 'store_unavailable', (p) => replace(p, (f) => writeFileSync(f, ''))],
      ['the folder is a pipe', 'store_unavailable', (p) => replace(p, KINDS[1]![1])],
      ['the folder is a link to nothing', 'store_unavailable', (p) => replace(p, KINDS[3]![1])],
      ['lock.mdb is missing', undefined, (path) => rmSync(join(path, 'lock.mdb'))],
      ['lock.mdb is empty', undefined, (path) => writeFileSync(join(path, 'lock.mdb'), '')],
      ['lock.mdb is short', undefined, (path) => truncateSync(join(path, 'lock.mdb'), 100)],
      [
        'lock.mdb is text',
        undefined,
        (path) => writeFileSync(join(path, 'lock.mdb'), 'x'.repeat(9e4)),
      ],
      ...[52, 100].flatMap((at) =>
        [0x01, 0x04, 0x14].map(
          (bits): Case => [
            `a tree has the flags ${bits} at ${at}`,
            'store_unavailable',
            (path) => {
              const file = join(path, 'data.mdb');
              const bytes = readFileSync(file);
              for (const page of [0, 4_096]) bytes[page + at]! ^= bits;
              writeFileSync(file, bytes);
            },
          ],
        ),
      ),
      [
        'data.mdb is a link to a file',
        undefined,
        (path) => {
          copyFileSync(join(path, 'data.mdb'), join(path, 'other'));
          replace(join(path, 'data.mdb'), (file) => symlinkSync('other', file));
        },
      ],
    ]);
  });

  it.runIf(isRoot)('whatever rights are missing', () => {
    const mode = (file: string, bits: number) => (path: string) =>
      chmodSync(join(path, file), bits);
    const without = (file: string) => (path: string) => {
      rmSync(join(path, file));
      chmodSync(path, 0o555);
    };
    const cases: readonly Case[] = [
      ['data.mdb may not be written', 'store_forbidden', mode('data.mdb', 0o444)],
      ['data.mdb may not be read', 'store_forbidden', mode('data.mdb', 0o222)],
      ['lock.mdb may not be written', 'store_forbidden', mode('lock.mdb', 0o444)],
      ['lock.mdb may not be read', 'store_forbidden', mode('lock.mdb', 0o222)],
      ['lock.mdb has no rights', 'store_forbidden', mode('lock.mdb', 0)],
      ['lock.mdb cannot be made', 'store_forbidden', without('lock.mdb')],
      ['data.mdb cannot be made', 'store_forbidden', without('data.mdb')],
      ['the folder may not be searched', 'store_forbidden', mode('', 0o666)],
      ['the folder may not be written', undefined, mode('', 0o555)],
      ['the folder may not be listed', undefined, mode('', 0o333)],
      [
        'lock.mdb is of another user',
        'store_forbidden',
        (path) => {
          chownSync(join(path, 'lock.mdb'), 0, 0);
          chmodSync(join(path, 'lock.mdb'), 0o644);
        },
      ],
      [
        'lock.mdb is a link to where nothing may be read',
        'store_forbidden',
        (path) => {
          replace(join(path, 'lock.mdb'), (file) => symlinkSync('/root/lock.mdb', file));
        },
      ],
    ];
    judge(cases, `${USER}`);
    const [outcome] = openAll([join(folder, 'sound', 'below', 'deep')], `${USER}`);
    expect(outcome?.code).toBe('store_forbidden');
    // A store can be made where the folder above may not be listed.
    const hidden = join(folder, 'hidden');
    mkdirSync(hidden);
    chmodSync(hidden, 0o733);
    expect(openAll([join(hidden, 'deep', 'store')], `${USER}`)).toEqual([{ series: 1 }]);
  });

  it('when the disk is read-only', (context) => {
    const path = storeAt('read-only');
    try {
      execFileSync('mount', ['--bind', path, path], { stdio: 'ignore' });
    } catch {
      context.skip('a file system cannot be mounted here');
    }
    try {
      execFileSync('mount', ['-o', 'remount,ro,bind', path]);
      const codes = openAll([path, join(path, 'below'), join(path, 'below', 'deep')]);
      expect(codes.map(({ code }) => code)).toEqual(Array(3).fill('store_forbidden'));
    } finally {
      execFileSync('umount', [path]);
    }
  });

  it('also for verify', async () => {
    for (const [i, [, make]] of KINDS.entries()) {
      const path = storeAt(`verify-${i}`);
      replace(join(path, 'data.mdb'), make);
      await expect(LmdbStore.verify(path)).rejects.toMatchObject({ code: 'store_unavailable' });
    }
    const empty = storeAt('verify-empty');
    writeFileSync(join(empty, 'data.mdb'), '');
    await expect(LmdbStore.verify(empty)).rejects.toMatchObject({
      message: expect.stringContaining('no LMDB store'),
    });
    expect(readFileSync(join(empty, 'data.mdb'))).toHaveLength(0);
  });

  it('where the process may open few more files', () => {
    const codes = new Set<string | undefined>();
    for (let spare = 0; spare <= 8; spare++) {
      const command = ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, opener.path, ''];
      const paths = [sound, join(folder, `spare-${spare}`)];
      const { status, signal, stdout } = spawnSync('bash', [...command, ...paths], {
        encoding: 'utf8',
        env: { ...process.env, SPARE_FILES: `${spare}` },
      });
      expect([spare, status, signal]).toEqual([spare, 0, null]);
      for (const line of stdout.trim().split('\n')) codes.add((JSON.parse(line) as Outcome).code);
    }
    expect(codes).toEqual(new Set(['store_unavailable', undefined]));
  });
});

describe('opening a file that was cut short', () => {
  it.runIf(isLinux)('at any page is an error, or the file is sound without the rest', () => {
    const bytes = readFileSync(join(sound, 'data.mdb'));
    const cuts = [1, 23, 100, 4_095, 4_096, 4_097, 8_191, 8_192, 8_193];
    for (let cut = 3 * 4_096; cut < bytes.length; cut += 4_096 * 7) cuts.push(cut, cut + 1_000);
    const paths = cuts.map((cut) => {
      const path = join(folder, `cut-${cut}`);
      mkdirSync(path);
      writeFileSync(join(path, 'data.mdb'), bytes.subarray(0, cut));
      return path;
    });
    const outcomes = openAll(paths);
    for (const [i, cut] of cuts.entries()) {
      if (cut < 8_192) expect([cut, outcomes[i]?.series]).toEqual([cut, 1]);
      // The last pages may be free ones.
      else if (outcomes[i]?.code === undefined) {
        expect([cut, outcomes[i]?.series]).toEqual([cut, 5_001]);
        expect(cut).toBeGreaterThan(bytes.length * 0.9);
      } else {
        expect([cut, outcomes[i]?.code]).toEqual([cut, 'store_unavailable']);
        expect(outcomes[i]?.message).toContain('was cut short');
      }
    }
  });

  it('without a complete first page makes a new store', async () => {
    const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);
    const head = readFileSync(join(sound, 'data.mdb')).subarray(0, 4_096);
    const unfinished = [0, 1, 512, 4_095, 4_096, 8_192, 57_344, 262_144].map(zeros);
    unfinished.push(Buffer.concat([head, zeros(4_096)]));
    unfinished.push(...[20, 26, 100, 160, 4_000, 4_096].map((bytes) => head.subarray(0, bytes)));
    for (const [i, content] of unfinished.entries()) {
      const path = join(folder, `unfinished-${i}`);
      mkdirSync(path);
      writeFileSync(join(path, 'data.mdb'), content);
      const store = await LmdbStore.open(path);
      expect([...store.snapshot()]).toEqual([]);
      await store.upsert({ name: 'a', labels: {}, value: 1 });
      await store.close();
      expect(readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb']);
    }
  });

  it('and with more behind it says how to go on', async () => {
    const bytes = readFileSync(join(sound, 'data.mdb'));
    for (const end of [8_192, 20_480, bytes.length]) {
      const path = mkdtempSync(join(folder, 'headless-'));
      writeFileSync(join(path, 'data.mdb'), bytes.subarray(0, end).fill(0, 0, 4_096));
      await expect(LmdbStore.open(path)).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringMatching(/first page is missing.*restore.*or remove it/),
      });
    }
  });

  it('and whose first page is something else is left as it is', async () => {
    for (const content of ['x', '\0x', 'text '.repeat(10_000), `${'\0'.repeat(200)}x`]) {
      const path = mkdtempSync(join(folder, 'foreign-'));
      writeFileSync(join(path, 'data.mdb'), content);
      await expect(LmdbStore.open(path)).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(readFileSync(join(path, 'data.mdb'), 'utf8')).toBe(content);
    }
  });
});

it.runIf(isLinux)('a process that is killed while it makes a store does no harm', async () => {
  let leftovers = 0;
  for (let i = 0; i < 8; i++) {
    const path = join(folder, `killed-${i}`);
    const child = spawn(process.execPath, [opener.path, '', path], { stdio: 'ignore' });
    const gone = once(child, 'close');
    await until('something is there', () => existsSync(path) && readdirSync(path).length > 0);
    if (i > 0) await setTimeout(2 * i);
    child.kill('SIGKILL');
    await gone;
    const store = await LmdbStore.open(path);
    expect((await store.stats()).series).toBeLessThan(2);
    await store.close();
    const left = readdirSync(path).filter((name) => !/^(data|lock)\.mdb$/.test(name));
    leftovers += left.length;
    const hourAgo = Date.now() / 1_000 - 3_600;
    for (const name of left) utimesSync(join(path, name), hourAgo, hourAgo);
    await (await LmdbStore.open(path)).close();
    expect(readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb']);
  }
  expect(leftovers).toBeGreaterThan(0);
});

it.runIf(isLinux)('many processes that make one store at once make one', async () => {
  const path = join(folder, 'at-once');
  const command = Array.from({ length: 8 }, () => '"$0" "$1" "" "$2" &').join(' ');
  const { stdout } = spawnSync(
    'bash',
    ['-c', `${command} wait`, process.execPath, opener.path, path],
    {
      encoding: 'utf8',
    },
  );
  expect(stdout.trim().split('\n')).toEqual(Array(8).fill('{"series":1}'));
  expect(readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb']);
});
