import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleProgram } from '../support/bundle.ts';

const program = bundleProgram(resolve(import.meta.dirname, 'logging-process.ts'));
const folder = mkdtempSync(join(tmpdir(), 'snapscrape-log-'));
afterAll(() => {
  program.remove();
  rmSync(folder, { recursive: true });
});

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program.path, ...args], { stdio: 'pipe' });
}

/** What a program has said on one of its streams; grows. */
function said(child: ChildProcess, stream: 'stdout' | 'stderr' = 'stderr'): { text: string } {
  const output = { text: '' };
  child[stream]!.setEncoding('utf8').on('data', (data: string) => (output.text += data));
  return output;
}

/** Runs a program to its end, and gives back the lines of its standard error. */
async function linesOf(...args: readonly string[]): Promise<string[]> {
  const child = start(...args);
  const { text } = await end(child, said(child));
  return text.split('\n').slice(0, -1);
}

async function end<T>(child: ChildProcess, output: T): Promise<T> {
  const [status] = await once(child, 'close');
  expect(status).toBe(0);
  return output;
}

const TIME = String.raw`^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const line = (rest: string): RegExp => new RegExp(`${TIME} ${rest}$`);
const SOURCE_FAILED = String.raw`msg=".*" cause=".*cannot read\\npostgres://\*\*\*@db.internal/metrics"`;

describe('without an onError', () => {
  it('a cache logs a failed refresh once a minute, and that it works again', async () => {
    const lines = await linesOf('cache');
    expect(lines).toEqual([
      expect.stringMatching(
        line(`level=ERROR code=refresh_failed component=cache ${SOURCE_FAILED}`),
      ),
      // What was held back comes before the line that says that it is over.
      expect.stringMatching(
        line(`level=ERROR code=refresh_failed component=cache ${SOURCE_FAILED} suppressed=4`),
      ),
      expect.stringMatching(line('level=INFO component=cache msg="The source can be read again"')),
    ]);
  });

  it.each([
    [
      'handler',
      'snapshot_unavailable',
      'component=handler during=refresh status=503',
      SOURCE_FAILED,
    ],
    ['uncached', 'refresh_failed', 'component=handler during=refresh status=503', SOURCE_FAILED],
    ['merged', 'snapshot_unavailable', 'component=merged_reader reader=bills', SOURCE_FAILED],
    [
      'memory',
      'store_unavailable',
      'component=memory_store',
      'msg="Series .*" cause="the clock broke: .*"',
    ],
    [
      'lmdb',
      'store_unavailable',
      'component=lmdb_store',
      'msg="Series .*" cause="the clock broke: .*"',
    ],
    [
      'redis',
      'store_unavailable',
      'component=redis_store',
      'msg="RedisStore .*" cause=".*ECONNREFUSED.*"',
    ],
  ])('%s logs one line, which has no password', async (part, code, fields, rest) => {
    const all = await linesOf(part, join(folder, part));
    expect(all.join('\n')).not.toContain('hunter2');
    // A store that other processes write asks for groups that are due, with the same clock.
    const lines = all.filter(
      (text) => !text.includes('msg="Groups that are due could not be ended'),
    );
    expect(lines).toEqual([
      expect.stringMatching(line(`level=ERROR code=${code} ${fields} ${rest}`)),
    ]);
  });

  it('a server logs where it listens, reloads that fail, and those that succeed', async () => {
    const path = join(folder, 'web.yml');
    writeFileSync(path, '');
    const child = start('server', path);
    const log = said(child);
    const until = async (text: string): Promise<void> => {
      while (!log.text.includes(text)) await once(child.stderr!, 'data');
    };
    await until('Listening');
    writeFileSync(path, 'http_server_config: { http3: true }\n');
    await until('invalid_web_config');
    writeFileSync(path, 'http_server_config: { headers: { X-Frame-Options: deny } }\n');
    await until('reloaded');
    child.stdin!.end();
    const { text } = await end(child, log);
    expect(text.split('\n').slice(0, -1)).toEqual([
      expect.stringMatching(
        line(
          String.raw`level=INFO component=server addresses=http://127.0.0.1:\d+ msg="Listening"`,
        ),
      ),
      expect.stringMatching(
        line('level=ERROR code=invalid_web_config component=web_config msg=".*web.yml.*"'),
      ),
      expect.stringMatching(
        line('level=INFO component=web_config path=.*web.yml msg="Web configuration reloaded"'),
      ),
    ]);
  });

  it('what is given an onError logs nothing', async () => {
    expect(await linesOf('silent')).toEqual([]);
  });
});

describe('standard error that nothing can be written to', () => {
  it.each(['at the start', 'after the first line'])(
    'does not end the process when its reader is gone %s',
    async (when) => {
      const child = start('flood');
      if (when === 'after the first line') await once(child.stderr!, 'data');
      child.stderr!.destroy();
      expect((await end(child, said(child, 'stdout'))).text).toBe('alive\n');
    },
  );

  it('neither stops the process nor fills its memory when its reader has stopped', async () => {
    const child = start('stopped');
    child.stderr!.pause();
    const output = said(child, 'stdout');
    await once(child, 'exit');
    // Of 20 MB.
    expect(Number(output.text)).toBeGreaterThan(100_000);
    expect(Number(output.text)).toBeLessThan(1_100_000);
    child.stderr!.destroy();
  });
});
