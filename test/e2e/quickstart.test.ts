import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/redis-servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { REPOSITORY, skipWithout, toolPath } from '../support/tools.ts';

const { path: folder, file, remove } = temporaryFolder();
afterAll(remove);

/** What a reader copies from the page: the commands after `$`, and the file that one of them shows. */
function readTranscript(): { readonly commands: string; readonly shown: string } {
  const page = readFileSync(join(REPOSITORY, 'docs/quickstart.md'), 'utf8');
  const [, block = ''] = /```console\n([\s\S]*?)```/.exec(page) ?? [];
  const lines = block.trimEnd().split('\n');
  const commands = lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  const shown = lines.filter((line) => !line.startsWith('$ '));
  return { commands: commands.join('\n'), shown: `${shown.join('\n')}\n` };
}

/** Runs lines of a shell in the folder, and ends what they leave running in the background. */
async function runShell(lines: string): Promise<string> {
  const path = `${dirname(toolPath('promtool')!)}:${process.env.PATH}`;
  const shell = spawn('bash', ['-e', '-c', lines], {
    cwd: folder,
    detached: true,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  try {
    const code = await new Promise((resolve) => shell.once('exit', resolve));
    expect(code, output).toBe(0);
    return output;
  } finally {
    // npx passes no signal on, so its whole group gets it.
    process.kill(-shell.pid!, 'SIGTERM');
    await new Promise((resolve) => shell.once('close', resolve));
  }
}

// The second command waits until the first one listens, which a reader does by typing.
const PATIENT_CURL = 'curl --retry 60 --retry-connrefused --retry-delay 1 --fail';

describe('docs/quickstart.md, from the packed package alone', () => {
  skipWithout('prometheus');
  skipWithout('promtool');

  beforeAll(() => {
    const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd });
    // The tests run on a fresh build, so packing needs no script; nor does the prebuilt lmdb.
    npm(REPOSITORY, 'pack', '--ignore-scripts', '--pack-destination', folder);
    const [tarball = ''] = readdirSync(folder);
    writeFileSync(file('package.json'), '{ "private": true }');
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    npm(folder, 'install', ...quiet, `./${tarball}`);
  });

  it('runs as it stands, as far as the number in Prometheus', async () => {
    const [gateway, server] = [await freePort(), await freePort()];
    const { commands, shown } = readTranscript();
    // At ports that are free, and with Prometheus's data in the folder.
    const ported = (text: string): string =>
      text.replaceAll('9091', String(gateway)).replaceAll('9090', String(server));
    writeFileSync(file('prometheus.yml'), ported(shown));
    const output = await runShell(
      ported(commands)
        .replace('pushgateway &', `pushgateway --web.listen-address=:${gateway} &`)
        .replace('prometheus --', `prometheus --web.listen-address=127.0.0.1:${server} --`)
        .replace('curl --fail', PATIENT_CURL),
    );
    expect(output).toMatch(/backup_duration_seconds\{.*job="backup".*\} => 42 @/);
  });

  it('keeps a push over a kill -9 with the flag that the page names', async () => {
    const page = readFileSync(join(REPOSITORY, 'docs/quickstart.md'), 'utf8');
    const [, flag] = /`(--persistence\.file)=/.exec(page)!;
    const port = await freePort();
    const gateway = `node_modules/.bin/snapscrape pushgateway --web.listen-address=:${port} ${flag}=state`;
    const output = await runShell(`${gateway} &
echo 'kept 1' | ${PATIENT_CURL} -sS --data-binary @- localhost:${port}/metrics/job/night
kill -9 $!
wait $! || true
${gateway} &
${PATIENT_CURL} -sS localhost:${port}/metrics`);
    expect(output).toContain('kept{instance="",job="night"} 1\n');
  });
});
