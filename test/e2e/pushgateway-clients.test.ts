import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { skipWithoutCommand } from '../support/certificates.ts';
import { freePort } from '../support/redis-servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { REPOSITORY, skipWithout, toolPath } from '../support/tools.ts';
import { type RunningProcess, startProcess } from './process.ts';

// Official clients push to ours and to the original, and both show the same.

const SCRIPTS = join(import.meta.dirname, 'push-clients');
const java = (file: string) => () => [
  'java',
  '-cp',
  `${toolPath('push-java')}/*`,
  join(SCRIPTS, 'java', file),
];

/** The clients, each a program to which the addresses are arguments. */
const CLIENTS: Readonly<Record<string, () => readonly string[]>> = {
  go: () => [toolPath('judge-go')!, 'push'],
  python: () => [toolPath('judge-python')!, join(SCRIPTS, 'push.py')],
  'java-old': java('PushOld.java'),
  'java-new': java('PushNew.java'),
  'prom-client': () => [process.execPath, join(SCRIPTS, 'push-prom-client.mjs')],
  curl: () => ['bash', join(SCRIPTS, 'push-curl.sh')],
};

const { file, remove } = temporaryFolder();
const running: RunningProcess[] = [];
const urls: string[] = [];

/** Starts a gateway at a free port. */
async function start(command: string, ...args: readonly string[]): Promise<void> {
  const address = `127.0.0.1:${await freePort()}`;
  const program = startProcess(command, [...args, `--web.listen-address=${address}`]);
  running.push(program);
  await program.printed(/msg="?Listening/i);
  urls.push(`http://${address}`);
}

beforeAll(async () => {
  const main = join(REPOSITORY, 'dist/cli/main.js');
  await start(process.execPath, main, 'pushgateway', `--persistence.file=${file('ours')}`);
  await start('prometheus-pushgateway', `--persistence.file=${file('original')}`);
});

afterAll(async () => {
  for (const program of running) await program.stop();
  remove();
});

/**
 * What a gateway serves of the groups, with every time of a push that happened as `<time>`. The lines
 * are sorted: the original sorts series by how many labels they have, ours by their text.
 */
async function pageOf(url: string): Promise<readonly string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^\w+\{.*job="|^# .*client_/.test(line));
  return lines
    .map((line) => line.replace(/^(push_time_seconds\{.*\}) [1-9].*/, '$1 <time>'))
    .sort();
}

/** The groups as JSON, without times. No order in it means anything. */
async function groupsOf(url: string): Promise<unknown> {
  const { data } = (await (await fetch(`${url}/api/v1/metrics`)).json()) as { data: unknown };
  return inOrder(data);
}

/**
 * The same value with arrays and keys in order. Of what a client need not send, the original shows no
 * bucket `+Inf`, and ours does.
 */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(inOrder).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key]) => !['time_stamp', 'push_time_seconds', '+Inf'].includes(key),
  );
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}

describe.each(Object.entries(CLIENTS))('the client %s', (name, command) => {
  skipWithoutCommand('prometheus-pushgateway');
  if (name === 'go') skipWithout('judge-go');
  if (name === 'python') skipWithout('judge-python');
  if (name.startsWith('java')) skipWithout('push-java');
  if (name === 'curl') skipWithoutCommand('curl');

  it('pushes to ours and to the original, whose pages and API agree', async () => {
    const [program = '', ...args] = command();
    await promisify(execFile)(program, [...args, ...urls], { cwd: REPOSITORY });
    const [ours, original] = await Promise.all(urls.map(pageOf));
    expect(ours).toEqual(original);
    const own = ours!.filter((line) => line.includes(`job="${name}"`));
    // It leaves two groups; a third one is deleted again. The counter is what it added last.
    expect(own.filter((line) => line.endsWith(' <time>'))).toHaveLength(2);
    expect(own).toContain(
      `${name.replace('-', '_').replace(/_client$/, '')}_client_runs_total{instance="",job="${name}"} 4`,
    );
    const [ourGroups, originalGroups] = await Promise.all(urls.map(groupsOf));
    expect(ourGroups).toEqual(originalGroups);
  });
});
