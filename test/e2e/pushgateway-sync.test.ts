import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { skipWithoutCommand } from '../support/certificates.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** Starts the program over a persistence file; resolves with its URL and what it logs. */
async function started(persistenceFile: string) {
  const flags = ['--web.listen-address=127.0.0.1:0', `--persistence.file=${persistenceFile}`];
  const child = spawn(process.execPath, [PROGRAM, 'pushgateway', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // strace counts the calls of each thread for itself.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const log = textOf(child);
  const [, url = ''] = await log.until(/addresses=(\S+)/);
  return { child, log, url };
}

/** What a process writes to standard error. */
function textOf({ stderr }: ChildProcess) {
  let text = '';
  stderr!.on('data', (part: Buffer) => (text += part.toString()));
  return {
    text: () => text,
    until: async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (;;) {
        const found = pattern.exec(text);
        if (found !== null) return found;
        await once(stderr!, 'data');
      }
    },
  };
}

/** Makes system calls of a process fail until the returned function is called. */
async function failing({ pid }: ChildProcess, calls: string): Promise<() => Promise<void>> {
  const inject = `inject=${calls}:error=EIO:when=1+`;
  const child = spawn('strace', ['-f', '-e', `trace=${calls}`, '-e', inject, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill());
  await textOf(child).until(/ attached/);
  return async () => {
    child.kill();
    await once(child, 'exit');
  };
}

describe('a gateway whose disk fails', () => {
  skipWithoutCommand('strace');

  it('acknowledges no push that the disk has not got', async () => {
    const { file, remove } = temporaryFolder();
    onTestFinished(remove);
    const { child, log, url } = await started(file('state'));
    const push = async (group: string): Promise<number> => {
      const init = { method: 'PUT', body: 'm 1\n' };
      return (await fetch(`${url}/metrics/job/${group}`, init)).status;
    };
    const page = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    expect(await push('kept')).toBe(200);
    const mend = await failing(child, 'fsync,fdatasync,msync');
    expect(await Promise.all(['a', 'b', 'c'].map(push))).toEqual([500, 500, 500]);
    const ready = await fetch(`${url}/-/ready`);
    expect([ready.status, await ready.text()]).toEqual([500, 'store cannot be written\n']);
    expect((await page()).match(/^m\{.*|^snapscrape_.*/gm)).toEqual([
      'm{instance="",job="kept"} 1',
      'snapscrape_push_refused_total{reason="storage"} 3',
    ]);
    await mend();
    // A look at it finds that the store can be written again; nothing was pushed meanwhile.
    expect((await fetch(`${url}/-/ready`)).status).toBe(200);
    expect(await push('later')).toBe(200);
    expect(log.text()).toMatch(
      /level=ERROR component=storage msg="Store cannot be written" .*error/,
    );
    expect(log.text()).toMatch(/level=INFO component=storage msg="Store can be written again"/);
    // lmdb would print a stack.
    for (const line of log.text().trimEnd().split('\n')) expect(line).toMatch(/^time=/);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const again = await started(file('state'));
    const text = await (await fetch(`${again.url}/metrics`)).text();
    expect(text.match(/^m\{.*/gm)).toEqual([
      'm{instance="",job="kept"} 1',
      'm{instance="",job="later"} 1',
    ]);
  });
});
