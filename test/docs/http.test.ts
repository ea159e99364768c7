import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HANDLER_DEFAULTS } from '../../src/http/handler-options.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(resolve(ROOT, file), 'utf8');
// Without what formatters align the columns of tables by.
const page = read('docs/http.md').replace(/ +\|/g, ' |');

/** The first cells of the table of a section, each without its backquotes. */
function rows(section: string): string[] {
  const text = page.slice(page.indexOf(`## ${section}\n`)).split('\n## ')[0] ?? '';
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) => line.slice(2).split(' | ')[0]!);
}

describe('docs/http.md', () => {
  it('names every option of a handler', () => {
    const unnamed = Object.keys(HANDLER_DEFAULTS).filter((option) => !page.includes(`\`${option}`));
    // What gzip costs is no matter of HTTP.
    expect(unnamed).toEqual(['gzipLevel']);
  });

  it('has a row for every option of promhttp', () => {
    const options = new Set(rows("promhttp's options").map((row) => /`(\w+)/.exec(row)?.[1]));
    expect([...options].filter((option) => option !== undefined)).toEqual([
      'ErrorLog',
      'ErrorHandling',
      'Registry',
      'DisableCompression',
      'OfferedCompressions',
      'MaxRequestsInFlight',
      'CoalesceGather',
      'Timeout',
      'EnableOpenMetrics',
      'EnableOpenMetricsTextCreatedSamples',
      'ProcessStartTime',
    ]);
  });

  it('has a test for every row that has a counterpart here', () => {
    const tests = read('test/http/promhttp.test.ts');
    for (const row of rows("promhttp's options")) {
      const [option, value] = /`(\w+)(?:: (\w+))?`/.exec(row)?.slice(1) ?? [];
      const isNone = page.includes(`| ${row} | none |`);
      if (option === undefined || isNone) continue;
      expect([row, tests.includes(value ?? option)]).toEqual([row, true]);
    }
  });

  it('has a test for every row of client_java', () => {
    const tests = read('test/http/client-java.test.ts');
    const names = rows("client_java's scrape handler").map(
      (row) => /^`?(static filters|a malformed query|[^\s:=`]+)/.exec(row)?.[1],
    );
    expect(names).toContain('/-/healthy');
    const titles = [...tests.matchAll(/ it\(['`]([^'`]+)/g)].map(([, title]) => title!);
    const untested = names.filter((name) => !titles.some((title) => title.startsWith(name ?? '?')));
    expect(untested).toEqual([]);
  });

  it('names statuses that a handler has, and all of them but the one that no client reads', () => {
    const known = [...read('src/http/scrape-exchange.ts').matchAll(/^ {2}(\d{3}): '/gm)];
    const codes = known.map(([, code]) => code!).filter((code) => code !== '499');
    expect(rows('Statuses')).toEqual(['200', ...codes]);
  });
});
