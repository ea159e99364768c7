import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TLS } from '../../test/http/transports.ts';
import { Clock } from '../../test/support/clock.ts';
import { asDocumented, documentedDefaults } from '../../test/support/documented-defaults.ts';
import { until } from '../../test/support/until.ts';
import { SECRET_HASH, WebConfigOnDisk } from '../../test/support/web-config-files.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { WEB_CONFIG_FILE_DEFAULTS, WebConfigFile } from './web-config-file.ts';

const disk = new WebConfigOnDisk();
const USER = `basic_auth_users: {a: '${SECRET_HASH}'}`;

function limit(burst: number): string {
  return `rate_limit: {interval: 1s, burst: ${burst}}`;
}

describe('reloading a web configuration file', () => {
  it('puts a good one in force, and calls its callbacks', async () => {
    const clock = new Clock(5);
    const file = await disk.load(limit(1), { now: clock.now });
    const seen: unknown[] = [];
    const unsubscribe = file.onReload((config) => seen.push(config));
    expect(file.lastReload).toEqual({ ok: true, at: 5, code: undefined });
    clock.advance(1);
    disk.write(limit(2));
    expect(await file.reload()).toBe(true);
    expect(file.current.rateLimit?.burst).toBe(2);
    expect(file.lastReload).toEqual({ ok: true, at: 6, code: undefined });
    expect(seen).toEqual([file.current]);
    unsubscribe();
    disk.write(limit(3));
    await file.reload();
    expect(seen).toHaveLength(1);
  });

  it('fails, and keeps what was in force, where a callback throws', async () => {
    const errors: SnapscrapeError[] = [];
    const file = await disk.load(limit(1), { onError: (error) => void errors.push(error) });
    const before = file.current;
    const seen: unknown[] = [];
    file.onReload((config) => seen.push(config.rateLimit?.burst));
    const stopFailing = file.onReload(({ rateLimit }) => {
      seen.push(`failing ${rateLimit?.burst}`);
      throw new Error('cannot apply it');
    });
    file.onReload((config) => seen.push(`last ${config.rateLimit?.burst}`));
    disk.write(limit(2));
    expect(await file.reload()).toBe(false);
    expect(file.current).toBe(before);
    expect(seen).toEqual([2, 'failing 2', 1, 'failing 1']);
    expect(file.lastReload.code).toBe('invalid_web_config');
    expect(errors.map(({ cause }) => String(cause))).toEqual(['Error: cannot apply it']);
    stopFailing();
    expect(await file.reload()).toBe(true);
    expect(seen.slice(4)).toEqual([2, 'last 2']);
  });

  it('changes nothing where the files say the same', async () => {
    const file = await disk.load(limit(1));
    const before = file.current;
    file.onReload(() => expect.unreachable());
    disk.write(`# a remark\n${limit(1)}`);
    expect(await file.reload()).toBe(true);
    expect(file.current).toBe(before);
  });

  it('keeps what was good when the file is bad or gone, and says so', async () => {
    const errors: SnapscrapeError[] = [];
    const clock = new Clock(5);
    const options = { onError: (error: SnapscrapeError) => void errors.push(error) };
    const file = await disk.load(USER, { ...options, now: clock.now });
    const before = file.current;
    clock.advance(1);
    disk.write('basic_auth_users: {}\nno_such: 1');
    expect(await file.reload()).toBe(false);
    rmSync(disk.path);
    expect(await file.reload()).toBe(false);
    expect(file.current).toBe(before);
    expect(file.lastReload).toEqual({ ok: false, at: 6, code: 'invalid_web_config' });
    expect(
      errors.map(({ message }) => message.slice(disk.path.length, disk.path.length + 5)),
    ).toEqual([':2:1:', ': can']);
    disk.write(USER.replace('a:', 'b:'));
    expect(await file.reload()).toBe(true);
    expect([...file.current.users.keys()]).toEqual(['b']);
  });

  it('rejects turning HTTP/2 or TLS on or off', async () => {
    const messages: string[] = [];
    const onError = ({ message }: SnapscrapeError): void => void messages.push(message);
    const pems = `cert: ${JSON.stringify(TLS.cert)}, key: ${JSON.stringify(TLS.key)}`;
    const tls = `tls_server_config: {${pems}}\n`;
    const file = await disk.load(`${tls}${limit(1)}`, { onError });
    for (const changed of [`${tls}http_server_config: {http2: false}\n`, '']) {
      disk.write(`${changed}${limit(2)}`);
      expect(await file.reload()).toBe(false);
      expect(file.current).toMatchObject({ http2: true, rateLimit: { burst: 1 } });
      expect(messages.pop()).toMatch(/TLS or HTTP\/2.*restart/);
    }
  });

  it('takes HTTP/2 for what makes no difference without TLS', async () => {
    const file = await disk.load(limit(1));
    disk.write(`${limit(2)}\nhttp_server_config: {http2: false}`);
    expect(await file.reload()).toBe(true);
    expect(file.current).toMatchObject({ http2: false, rateLimit: { burst: 2 } });
  });

  it('rejects a file without users and tokens, if there were some', async () => {
    const token = `bearer_tokens: {a: 'sha256:${'a'.repeat(64)}'}`;
    for (const before of [USER, token]) {
      const messages: string[] = [];
      const onError = ({ message }: SnapscrapeError): void => void messages.push(message);
      const file = await disk.load(before, { onError });
      const { current } = file;
      for (const open of ['', limit(2)]) {
        disk.write(open);
        expect(await file.reload()).toBe(false);
        expect(messages.pop()).toMatch(/no users or tokens any more.*restart/);
      }
      expect(file.current).toBe(current);
      // To ask for the other is no opening.
      disk.write(before === USER ? token : USER);
      expect(await file.reload()).toBe(true);
    }
  });

  it('rejects what is written while it is read', async () => {
    const messages: string[] = [];
    const onError = ({ message }: SnapscrapeError): void => void messages.push(message);
    const file = await disk.load(limit(1), { onError });
    rmSync(disk.path);
    // A pipe is being read before anything can be written to it.
    execFileSync('mkfifo', [disk.path]);
    // Clocks of file systems tick slowly: a time that is long ago shows the write for sure.
    utimesSync(disk.path, 1, 1);
    const [isGood] = await Promise.all([file.reload(), writeFile(disk.path, limit(2))]);
    rmSync(disk.path);
    expect([isGood, file.current.rateLimit?.burst]).toEqual([false, 1]);
    expect(messages).toEqual([expect.stringMatching(/written while it was read/)]);
  });

  it('reads once for all callers at the same time', async () => {
    const file = await disk.load(limit(1));
    disk.write(limit(2));
    expect(file.reload()).toBe(file.reload());
    await file.reload();
  });
});

describe('watching a web configuration file', () => {
  async function watched(text: string, path?: string): Promise<WebConfigFile> {
    disk.write(text);
    const file = await WebConfigFile.load(path ?? disk.path, { pollInterval: 10 });
    onTestFinished(() => file.close());
    return file.watch();
  }

  it('sees it written, replaced, bad, and good again', async () => {
    const file = await watched(limit(1));
    const burst = (count: number) => () => file.current.rateLimit?.burst === count;
    disk.write(limit(2));
    await until('the written file is read', burst(2));
    writeFileSync(`${disk.path}.new`, limit(3));
    renameSync(`${disk.path}.new`, disk.path);
    await until('the new file is read', burst(3));
    disk.write('bad');
    await until('the bad file is seen', () => !file.lastReload.ok);
    expect(burst(3)()).toBe(true);
    rmSync(disk.path);
    disk.write(limit(4));
    await until('the good file is read', burst(4));
    expect(file.lastReload.ok).toBe(true);
  });

  it('sees a link that points elsewhere, as secrets of Kubernetes do', async () => {
    const link = join(disk.folder, 'link.yml');
    symlinkSync(disk.path, link);
    const file = await watched(limit(1), link);
    const other = join(disk.folder, 'other.yml');
    writeFileSync(other, limit(7));
    symlinkSync(other, `${link}.new`);
    renameSync(`${link}.new`, link);
    await until('the other file is read', () => file.current.rateLimit?.burst === 7);
  });

  it('looks at a bad file once, and again when it changed', async () => {
    const errors: unknown[] = [];
    const file = await disk.load(limit(1), { onError: (error) => void errors.push(error) });
    disk.write('bad');
    for (let i = 0; i < 5; i++) await file.reloadIfChanged();
    expect(errors).toHaveLength(1);
    disk.write('worse');
    await file.reloadIfChanged();
    await file.reloadIfChanged();
    expect(errors).toHaveLength(2);
  });

  it('does not read what changes from look to look, such as a file that is being saved', async () => {
    const file = await disk.load(limit(1), { onError: () => expect.unreachable() });
    for (const half of ['', 'rate_', 'rate_limit: {']) {
      disk.write(half);
      await file.reloadIfChanged();
    }
    disk.write(limit(20));
    await file.reloadIfChanged();
    expect(file.current.rateLimit?.burst).toBe(1);
    await file.reloadIfChanged();
    expect(file.current.rateLimit?.burst).toBe(20);
    // And it is read once.
    const { lastReload } = file;
    await file.reloadIfChanged();
    await file.reloadIfChanged();
    expect(file.lastReload).toBe(lastReload);
  });

  it('ends with close', async () => {
    const file = await watched(limit(1));
    file.close();
    disk.write(limit(2));
    const other = await watched(limit(2));
    disk.write(limit(3));
    await until('another one reads it', () => other.current.rateLimit?.burst === 3);
    expect(file.current.rateLimit?.burst).toBe(1);
  });
});

it('only takes sound options, and documents its defaults', async () => {
  const wrong = disk.load('', { pollInterval: 1, maxBcryptCost: 3 });
  await expect(wrong).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringMatching(/pollInterval.*maxBcryptCost/),
  });
  const url = new URL('./web-config-file.ts', import.meta.url);
  const documented = documentedDefaults(url, 'WebConfigFileOptions');
  for (const name of ['pollInterval', 'maxBcryptCost'] as const) {
    expect(documented.get(name)).toBe(asDocumented(WEB_CONFIG_FILE_DEFAULTS[name]));
  }
});
