import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { listening } from '../../test/support/serving.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { check } from './check-command.ts';

const GOOD = '# HELP a A.\n# TYPE a gauge\na 1\n';
const folder = temporaryFolder({ 'good.prom': GOOD, 'bad.prom': 'a 1\na{l="1} 2\n' });
afterAll(folder.remove);
afterEach(() => {
  out = '';
  errors = '';
});
let out = '';
let errors = '';

async function run(
  args: readonly string[],
  input: readonly (string | Uint8Array)[] = [],
): Promise<number> {
  return await check(args, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      errors += text;
    },
    input: (async function* () {
      yield* input;
    })(),
    isColored: false,
  });
}

async function serve(listener: RequestListener): Promise<string> {
  const { port } = await listening(listener);
  return `http://127.0.0.1:${port}/metrics`;
}

describe('snapscrape check', () => {
  it('exits with 0, 1 or 2: clean, findings, could not read', async () => {
    expect(await run([folder.file('good.prom')])).toBe(0);
    expect(out).toContain('Nothing found. 1 points in 1 families, 31 bytes.');
    expect(await run([folder.file('bad.prom')])).toBe(1);
    expect(await run([folder.file('none.prom')])).toBe(2);
    expect(errors).toContain('there is no such file');
    expect(await run(['--nonsense'])).toBe(2);
    expect(await run([])).toBe(2);
    expect(errors).toContain('give one file, URL or -; there are 0');
  });

  it('reads standard input, and shows OpenMetrics and protobuf for what they are', async () => {
    expect(
      await run(['-', '--format=json'], ['# TYPE a gau', 'ge\n# HELP a A.\na 1\n# EOF\n']),
    ).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: 'openmetrics', points: 1, findings: [] });
    out = '';
    const message = Buffer.from('120a01611801220b120909000000000000f03f', 'hex');
    await run(['-', '--format=json', '--severity', 'error'], [message]);
    expect(JSON.parse(out)).toMatchObject({ format: 'protobuf', points: 1, findings: [] });
  });

  it('says that an empty page is nothing to check', async () => {
    expect(await run(['-'])).toBe(2);
    expect(errors).toBe('snapscrape: -: nothing to check: the input is empty\n');
    expect(await run(['-', '--content-type', 'openmetrics'])).toBe(2);
    expect(await run(['-'], ['# EOF\n'])).toBe(0);
  });

  it('counts what is severe enough and not ignored', async () => {
    const page = ['# TYPE a gauge\na 1\n'];
    expect(await run(['-'], page)).toBe(1);
    expect(await run(['-', '--severity', 'error'], page)).toBe(0);
    expect(await run(['-', '--ignore', 'help_missing'], page)).toBe(0);
    expect(await run(['-', '--rules', 'prometheus'], page)).toBe(0);
    expect(await run(['-', '--ignore', 'nonsense'], page)).toBe(2);
  });

  it('gives the places of output to what counts, errors first, and counts all of it', async () => {
    const ignored = 'a{l="1",l="1"} 1\n'.repeat(1200);
    expect(await run(['-', '--ignore', 'duplicate_label'], [`${GOOD}${ignored}b{l="1} 1\n`])).toBe(
      1,
    );
    expect(out).toContain('-:1204:5: error label_open');
    expect(out).toContain('Found: 1 of severity error. 1 points');
    out = '';
    const named = Array.from({ length: 1200 }, (_, at) => `# TYPE a${at} gauge\na${at} 1\n`);
    expect(await run(['-', '--format=json'], [`${named.join('')}${'b x\n'.repeat(3)}`])).toBe(1);
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(report).toMatchObject({
      findingCount: 1203,
      severities: { error: 3, warning: 1200, info: 0 },
    });
    expect(
      (report.findings as { severity: string }[]).slice(-4).map((one) => one.severity),
    ).toEqual(['warning', 'error', 'error', 'error']);
    out = '';
    expect(await run(['-', '--severity', 'error'], ['b x\n'.repeat(1500)])).toBe(1);
    expect(out).toContain('Found: 1500 of severity error. ');
    expect(out).toContain('1000 of 1500 findings are shown.');
  });

  it('goes on behind what is ignored by the rules of Prometheus too', async () => {
    const args = ['-', '--rules', 'prometheus', '--ignore', 'duplicate_label'];
    expect(await run(args, ['a{l="1",l="1"} 1\nb x\n'])).toBe(1);
    expect(out).toContain('-:2:3: error value');
    expect(out).toContain('Prometheus stops at the first place; the rest was not checked.');
    expect(await run(args, ['a{l="1",l="1"} 1\nb 1\n'])).toBe(0);
  });

  it('writes annotations in which a page cannot end a line or a command', async () => {
    expect(await run(['-', '--format=github'], ['a{"x%\\n::error::y"="1} 2\n'])).toBe(1);
    expect(
      out
        .trim()
        .split('\n')
        .every((line) => /^::(?:error|warning|notice) file=-/.test(line)),
    ).toBe(true);
  });

  it('lets no control character of a page reach the terminal', async () => {
    await run(['-'], ['\u001b]0;title\u0007a 1\n', 'b{l="\u001b[31m\u202e} 1\n']);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(out).toContain('b{l="\\x1b[31m\\u{202e}} 1');
    const mark = /^( +)\| ( *)\^$/m.exec(out)!;
    expect(mark[2]!.length).toBe(0);
  });

  it('escapes control characters and those of direction in JSON', async () => {
    const hidden = '\u0085\u009b\u200e\u200f\u202a\u202e\u2066\u2069\u{e0001}';
    const page = [`b{${'{'}l="${hidden}"} 1\n`];
    expect(await run(['-', '--format=json'], page)).toBe(1);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(out).toContain('\\u0085\\u009b\\u200e');
    expect(JSON.parse(out)).toMatchObject({ findings: [{ excerpt: page[0]!.trim() }] });
    out = '';
    expect(
      await run(
        ['-', '--format=json', '--diff', folder.file('good.prom')],
        [`a{l="${hidden}"} 1\n`],
      ),
    ).toBe(1);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('believes the Content-Type of a URL, and decompresses', async () => {
    const url = await serve((request, response) => {
      expect(request.headers.accept).toContain('application/openmetrics-text;version=1.0.0');
      expect(request.headers['x-token']).toBe('t');
      response.setHeader(
        'content-type',
        'application/openmetrics-text; version=1.0.0; charset=utf-8',
      );
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('# TYPE a gauge\n# HELP a A.\na 1\n# EOF\n'));
    });
    expect(await run([url, '--header', 'x-token: t'])).toBe(0);
    expect(out).toContain('1 points');
  });

  it('says why Prometheus would not read a URL', async () => {
    const missing = await serve((_, response) => response.writeHead(404).end('no'));
    expect(await run([missing])).toBe(2);
    expect(errors).toContain('the status is 404');
    const html = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('x'),
    );
    expect(await run([html])).toBe(2);
    expect(errors).toContain('the Content-Type is text/html');
    expect(await run(['http://127.0.0.1:1/metrics'])).toBe(2);
    expect(errors).toContain('http://127.0.0.1:1/metrics: ');
  });

  it('sends the user and password of a URL as Basic authentication, and shows neither', async () => {
    const url = await serve(({ headers }, response) => {
      const isKnown = headers.authorization === `Basic ${btoa('user:sec ret')}`;
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'text/plain' }).end('a x\n');
    });
    const known = url.replace('http://', 'http://user:sec%20ret@');
    for (const format of ['human', 'json', 'github']) {
      expect(await run([known, '--format', format])).toBe(1);
    }
    expect(await run([known, '--diff', known])).toBe(2);
    for (const target of [
      url.replace('http://', 'http://user:wrong-secret@'),
      'http://user:secret@127.0.0.1:1/metrics',
      'http://user:sec/ret@127.0.0.1:x/metrics',
    ]) {
      expect(await run([target])).toBe(2);
    }
    expect(await run([url, '--header', 'x: secret\u0001'])).toBe(2);
    expect(errors).toContain('--header has characters that no header may have');
    expect(`${out}${errors}`).not.toMatch(/user|sec.{0,3}ret/);
    expect(out).toContain(`${url}:1:3: error value`);
  });

  it.each<[string[], string]>([
    [[], 'give one file, URL or -; there are 0'],
    [['-', '--content-type', 'html'], '--content-type must be text, openmetrics, '],
    [['-', '--timeout', '-1'], "Option '--timeout' argument is ambiguous. Did you forget"],
    [['-', '--max-bytes', '1.5'], '--max-bytes must be a whole number'],
    [['-', '--timeout=-1'], '--timeout must be a number above 0, at most 3600'],
    [
      ['ftp://host/metrics'],
      'ftp://host/metrics: only URLs that begin with http:// or https:// can be read',
    ],
    [
      ['localhost:9464/metrics'],
      'localhost:9464/metrics: there is no such file; if it is a URL, write http:// before it',
    ],
    [['/'], '/: it is a directory; give a file'],
    [['http://127.0.0.1:1/'], 'http://127.0.0.1:1/: fetch refuses this port, as browsers do; '],
  ])('says of %j what is wrong, in one line', async (args, message) => {
    expect(await run(args, [GOOD])).toBe(2);
    expect(errors.startsWith(`snapscrape: ${message}`), errors).toBe(true);
    expect(errors).not.toContain('\\n');
    expect(errors.trimEnd()).not.toContain('\n');
  });

  it('decompresses a file', async () => {
    const page = gzipSync(GOOD);
    expect(await run(['-'], [page])).toBe(0);
    expect(await run(['-'], [page.subarray(0, 20)])).toBe(2);
    expect(errors).toBe('snapscrape: -: it is compressed with gzip, and cut or damaged\n');
    const bomb = gzipSync('a 1\n'.repeat(300_000));
    errors = '';
    expect(await run(['-', '--max-bytes', '100000'], [bomb])).toBe(2);
    expect(errors).toContain('The page has more than 100000 bytes');
  });

  it('takes no more than the limits of a URL that never ends', async () => {
    const endless = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const timer = setInterval(() => response.write('a 1\n'.repeat(10_000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    expect(await run([endless, '--max-bytes', '200000'])).toBe(2);
    expect(errors).toContain('The page has more than 200000 bytes');
    const silent = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('a 1\n');
    });
    expect(await run([silent, '--timeout', '0.2'])).toBe(2);
    expect(errors).toContain('there was no whole page within 0.2 s');
    const bomb = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
      response.end(gzipSync('a 1\n'.repeat(3_000_000)));
    });
    errors = '';
    expect(await run([bomb, '--max-bytes', '1000000'])).toBe(2);
    expect(errors).toContain('The page has more than 1000000 bytes');
  });
});

describe('snapscrape check --diff', () => {
  const before = folder.file('before.prom');

  it('tells what came, went and changed', async () => {
    const pages = temporaryFolder({
      'before.prom': `${GOOD}# TYPE b gauge\nb{x="1"} 1\nb{x="2"} 1\n# TYPE gone gauge\ngone 1\n`,
      'after.prom': `${GOOD}# TYPE b counter\nb{x="1"} 9\nb{y="1"} 1\n# TYPE new_total counter\nnew_total 1\n`,
    });
    onTestFinished(pages.remove);
    expect(await run([pages.file('before.prom'), '--diff', pages.file('after.prom')])).toBe(1);
    expect(out).toBe(
      [
        '~ b: type gauge became counter, label y came, 1 series came, 1 series went',
        '    + b{y="1"}',
        '    - b{x="2"}',
        '- gone: 1 series went',
        '    - gone',
        '+ new_total: 1 series came',
        '    + new_total',
        '',
      ].join('\n'),
    );
    out = '';
    expect(await run([pages.file('after.prom'), '--diff', pages.file('after.prom')])).toBe(0);
    expect(out).toBe('The pages have the same families and series.\n');
    expect(await run([before, '--diff', pages.file('after.prom')])).toBe(2);
  });

  it('compares nothing that Prometheus does not read', async () => {
    const good = folder.file('good.prom');
    const pages = temporaryFolder({
      'error.html': '<html>\n<h1>Bad gateway</h1>\n</html>\n',
      'empty.prom': '',
      'comments.prom': '# Nothing here.\n',
      'whole.prom': '# EOF\n',
    });
    onTestFinished(pages.remove);
    const html = pages.file('error.html');
    expect(await run([html, '--diff', html])).toBe(2);
    expect(errors).toBe(
      `snapscrape: ${html}: 3 places cannot be read, the first in line 1; nothing was compared. ` +
        'Run "snapscrape check" on it\n',
    );
    expect(await run([good, '--diff', folder.file('bad.prom')])).toBe(2);
    expect(errors).toContain('bad.prom: one place cannot be read, the first in line 2');
    expect(await run([good, '--diff', pages.file('comments.prom')])).toBe(2);
    expect(errors).toContain('comments.prom: there are no metrics in it');
    expect(await run([good, '--diff', pages.file('empty.prom')])).toBe(2);
    expect(await run([good, '--diff', '-'], [GOOD])).toBe(0);
    expect(out).toBe('The pages have the same families and series.\n');
    const whole = pages.file('whole.prom');
    expect(await run([whole, '--diff', whole])).toBe(0);
    errors = '';
    expect(await run(['-', '--diff', '-'], [GOOD])).toBe(2);
    expect(errors).toContain('standard input is one page');
  });
});
