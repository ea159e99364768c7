import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGroups } from './gateway-store.ts';
import { compileLifetimes } from './group-lifetimes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Opens the groups of a file in the folder; returns what was logged. */
async function opened(name: string): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const line = (...parts: unknown[]) => void lines.push(parts);
  const groups = await openGroups({
    persistenceFile: join(folder, name),
    groupLimit: 10,
    lifetimes: await compileLifetimes([], 0),
    now: Date.now,
    log: { debug: line, info: line, warn: line, error: line },
    onWrite: () => undefined,
  });
  await groups.store.close();
  return lines;
}

describe('a state file', () => {
  it.each([
    ['is empty', ''],
    ['is another file', 'no state at all'],
  ])('that %s leaves nothing behind', async (_, text) => {
    writeFileSync(join(folder, 'state'), text);
    await expect(opened('state')).rejects.toMatchObject({
      code: 'invalid_state_file',
      message: expect.stringContaining('is not a complete state file'),
    });
    expect(readdirSync(folder)).toEqual(['state']);
  });

  it('that is not there is logged, unless there is a store', async () => {
    const said = ['storage', 'No state file; the gateway begins empty'];
    expect(await opened('state')).toContainEqual([...said, { file: join(folder, 'state') }]);
    expect(await opened('state')).not.toContainEqual(expect.arrayContaining(said));
  });

  it('that the original has written again is named, and the store is for its user alone', async () => {
    const file = join(folder, 'state');
    const said = expect.arrayContaining([
      'State file is newer than the store; remove the store to import the file again',
    ]);
    await opened('state');
    expect(statSync(`${file}.lmdb`).mode & 0o077).toBe(0);
    writeFileSync(file, 'of before');
    utimesSync(file, 1000, 1000);
    expect(await opened('state')).not.toContainEqual(said);
    const later = Date.now() / 1000 + 60;
    utimesSync(file, later, later);
    expect(await opened('state')).toContainEqual(said);
  });

  it('that is a folder is refused with the remedy', async () => {
    mkdirSync(join(folder, 'state'));
    await expect(opened('state')).rejects.toMatchObject({
      code: 'invalid_state_file',
      message: `The state file ${join(folder, 'state')} is a folder; give the file, not a folder`,
    });
  });

  it('that may not be read says so', async () => {
    writeFileSync(join(folder, 'state'), 'x');
    chmodSync(join(folder, 'state'), 0o000);
    // Root may read everything, so it is somebody else for a moment.
    const isRoot = process.geteuid!() === 0;
    chmodSync(folder, 0o755);
    if (isRoot) process.seteuid!(65_534);
    try {
      await expect(opened('state')).rejects.toMatchObject({
        code: 'invalid_state_file',
        message: expect.stringContaining(
          'may not be read; run as its owner, or correct its rights',
        ),
      });
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });
});
