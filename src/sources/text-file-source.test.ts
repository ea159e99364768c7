import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { createOpenMetricsHandler } from '../http/handler.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
// What a source loads with its first read: here before the clocks of the tests run.
import './text-file.ts';
import { type TextFileOptions, textFileSource } from './text-file-source.ts';

const BACKUP =
  '# HELP backup_done_timestamp_seconds When.\n# TYPE backup_done_timestamp_seconds gauge\nbackup_done_timestamp_seconds 7\n';

function sourceOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: TextFileOptions = {},
) {
  const folder = temporaryFolder(files);
  onTestFinished(folder.remove);
  const errors: SnapscrapeError[] = [];
  const recovered: string[] = [];
  const source = textFileSource(folder.path, {
    onError: (error) => errors.push(error),
    onRecovery: (path) => recovered.push(path),
    ...options,
  });
  return { ...folder, source, errors, recovered };
}

async function pointsOf(source: SnapshotReader): Promise<MetricPoint[]> {
  return [...((await source.snapshot()) as Iterable<MetricPoint>)];
}

/** Series and values, without those about the files. */
async function valuesOf(source: SnapshotReader): Promise<Record<string, unknown>> {
  const points = (await pointsOf(source)).filter(({ name }) => !name.startsWith('snapscrape_'));
  return Object.fromEntries(
    points.map(({ name, labels, value }) => [name + JSON.stringify(labels), value]),
  );
}

async function errorOf(source: SnapshotReader, file: string): Promise<unknown> {
  const found = (await pointsOf(source)).find(
    ({ name, labels }) =>
      name === 'snapscrape_textfile_error' && (labels as Record<string, string>).file === file,
  );
  return found?.value;
}

describe('textFileSource', () => {
  it('serves the files of a directory, in any format, with their freshness', async () => {
    const message = Buffer.from('120a01611801220b120909000000000000f03f', 'hex');
    const { source, file } = sourceOf({
      'backup.prom': BACKUP,
      'om.prom':
        '# TYPE lag_seconds histogram\nlag_seconds_bucket{le="+Inf"} 2\nlag_seconds_sum 3\nlag_seconds_count 2\n# EOF\n',
      'binary.prom': message,
      'notes.txt': 'not a page',
      'empty.prom': '',
    });
    utimesSync(file('backup.prom'), 1000, 2000);
    const handler = createOpenMetricsHandler(createCachedSnapshotReader(source), {
      selfMetrics: false,
    });
    const page = await (await handler.fetch(new Request('http://localhost/'))).text();
    expect(page).toContain('# TYPE a gauge\na 1\n');
    expect(page).toContain('# HELP backup_done_timestamp_seconds When.\n');
    expect(page).toContain('lag_seconds_bucket{le="+Inf"} 2\nlag_seconds_sum 3\n');
    expect(page).toContain('snapscrape_textfile_mtime_seconds{file="backup.prom"} 2000\n');
    expect(page).toContain('snapscrape_textfile_error{file="empty.prom"} 0\n');
    expect(page).not.toContain('notes');
  });

  it('reads a file again only if it has changed, and takes a renamed one', async () => {
    const { source, file } = sourceOf({ 'a.prom': 'a 1\n' });
    utimesSync(file('a.prom'), 1000, 2000);
    expect(await valuesOf(source)).toEqual({ 'a{}': 1 });
    // Same size, same time, same inode: it is not looked into.
    writeFileSync(file('a.prom'), 'a 2\n');
    utimesSync(file('a.prom'), 1000, 2000);
    const before = await valuesOf(source);
    writeFileSync(file('new'), 'a 3\n');
    utimesSync(file('new'), 1000, 2000);
    renameSync(file('new'), file('a.prom'));
    expect(before).toEqual({ 'a{}': 1 });
    expect(await valuesOf(source)).toEqual({ 'a{}': 3 });
    rmSync(file('a.prom'));
    expect(await valuesOf(source)).toEqual({});
  });

  it('leaves out a bad line, or a bad file, and names it', async () => {
    const files = {
      'bad.prom': 'a{l="1} 1\nb 2\n',
      'good.prom': 'c 3\n',
      'timed.prom': 'd 4 1000\n',
    };
    const { source, errors } = sourceOf(files);
    expect(await valuesOf(source)).toEqual({ 'b{}': 2, 'c{}': 3 });
    expect([await errorOf(source, 'bad.prom'), await errorOf(source, 'timed.prom')]).toEqual([
      0, 1,
    ]);
    const skipped = (await pointsOf(source)).filter(({ name }) => name.endsWith('_skipped_lines'));
    expect(skipped.map(({ value }) => value)).toEqual([1, 0]);
    // Each is reported once, not with each read.
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/bad\.prom 1 line is left out; the first is line 1: /),
      expect.stringContaining('it has timestamps'),
    ]);

    const strict = sourceOf(files, { rules: 'prometheus', timestamps: true });
    expect(await valuesOf(strict.source)).toEqual({ 'c{}': 3, 'd{}': 4 });
    expect(await errorOf(strict.source, 'bad.prom')).toBe(1);
    expect(strict.errors.map(({ code }) => code)).toEqual(['invalid_exposition']);
  });

  it('names a link to nothing once, and takes it when there is something', async () => {
    const { source, file, errors, recovered } = sourceOf({});
    symlinkSync(file('target'), file('a.prom'));
    for (let read = 0; read < 2; read++) {
      expect(await valuesOf(source)).toEqual({});
      expect(await errorOf(source, 'a.prom')).toBe(1);
    }
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('a.prom is left out: it is a link to nothing'),
    ]);
    expect(recovered).toEqual([]);
    writeFileSync(file('target'), 'a 1\n');
    for (let read = 0; read < 2; read++) {
      expect(await valuesOf(source)).toEqual({ 'a{}': 1 });
    }
    expect(recovered).toEqual([file('a.prom')]);
    expect(await errorOf(source, 'a.prom')).toBe(0);
  });

  it('neither waits for a pipe nor reads what is too large', async () => {
    const { source, file, errors } = sourceOf(
      { 'big.prom': 'a 1\n'.repeat(100) },
      { maxFileBytes: 100 },
    );
    execFileSync('mkfifo', [file('pipe.prom')]);
    expect(await valuesOf(source)).toEqual({});
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('maxFileBytes is 100'),
    ]);
  });

  it('forgets a file that is older than the retention', async () => {
    const now = 100_000;
    const { source, file } = sourceOf(
      { 'a.prom': 'a 1\n', 'b.prom': 'b 1\n' },
      { retention: 10_000, now: () => now },
    );
    utimesSync(file('a.prom'), 1, 80);
    utimesSync(file('b.prom'), 1, 95);
    expect(await valuesOf(source)).toEqual({ 'b{}': 1 });
    const times = (await pointsOf(source)).filter(({ name }) => name.endsWith('_mtime_seconds'));
    expect(times.map(({ value }) => value)).toEqual([80, 95]);
  });

  it('fails if there is no directory, or too many files', async () => {
    const missing = textFileSource('/nonexistent/folder');
    await expect(missing.snapshot()).rejects.toMatchObject({ code: 'input_failed' });
    const { source } = sourceOf({ 'a.prom': '', 'b.prom': '' }, { maxFiles: 1 });
    await expect(source.snapshot()).rejects.toThrow('has 2 files; maxFiles is 1');
    expect(() => textFileSource('')).toThrow('directory must be');
  });
});
