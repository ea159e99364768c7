import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { TLS } from '../http/transports.ts';
import { TLS_CONFIG, webConfig } from '../support/exporter.ts';
import { askSecurely } from '../support/secure-serving.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/web-config.md'), 'utf8');
// Inside the project, so that the program finds `snapscrape` as this very package.
const folder = mkdtempSync(join(ROOT, 'test/docs/.examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What turns the example into one of HTTP/2, and what tells the test which port is free. */
const BEFORE = `
import http2 from 'node:http2';
`;
const AFTER = "server.once('listening', () => console.log(server.address().port));\n";

/** The example, with its file and any free port. */
function program(webConfigFile: string): string {
  const code = /<!-- example: own-server -->\n+```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  return `${BEFORE}${code
    .replace("'web.yml'", JSON.stringify(webConfigFile))
    .replace('.listen(9464)', ".listen(0, '127.0.0.1')")}${AFTER}`;
}

async function started(code: string, name: string): Promise<number> {
  const path = join(folder, `${name}.mts`);
  writeFileSync(path, code);
  const child = spawn(process.execPath, ['--import', 'tsx', path], { cwd: ROOT });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (data) => (errors += String(data)));
  return new Promise((tell, fail) => {
    child.stdout.once('data', (data) => tell(Number(data)));
    child.once('exit', () => fail(new Error(`The example ended: ${errors}`)));
  });
}

describe('the example of docs/web-config.md', () => {
  it.each([
    ['HTTP/1.1', (code: string) => code],
    ['HTTP/2', (code: string) => code.replace('https.createServer(', 'http2.createSecureServer(')],
  ] as const)('lets clients with a certificate in, and no others, over %s', async (speech, of) => {
    const auth = 'client_auth_type: RequireAnyClientCert }';
    const file = webConfig(TLS_CONFIG.replace('}', `, ${auth}`));
    const code = of(program(file));
    expect(code).toContain(
      speech === 'HTTP/2' ? 'http2.createSecureServer(' : 'https.createServer(',
    );
    const port = await started(code, speech.replace(/\W/g, '-'));
    const certificate = { cert: TLS.cert, key: TLS.key };
    expect(await askSecurely(port, { ca: TLS.cert, ...certificate }, speech)).toBe(200);
    await expect(askSecurely(port, { ca: TLS.cert }, speech)).rejects.toThrow();
  });
});
