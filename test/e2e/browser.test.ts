import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, MemoryStore } from '../../src/index.ts';
import { createExporterServer, type ExporterServer } from '../../src/server/index.ts';
import { skipWithoutCommand } from '../support/certificates.ts';

skipWithoutCommand('chromium');

const folder = mkdtempSync(join(tmpdir(), 'browser-'));
const HOSTILE = '<img src=x onerror="document.title=1">';
let server: ExporterServer;
let origin: string;

/** What stands in a page once the browser has made it. */
async function documentOf(path: string): Promise<string> {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}`];
  const command = promisify(execFile);
  const { stdout } = await command('chromium', [...flags, '--dump-dom', `${origin}${path}`], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  return stdout;
}

beforeAll(async () => {
  const store = new MemoryStore();
  await store.upsert(
    Array.from({ length: 3000 }, (_, i) => ({
      name: 'jobs_running',
      labels: { queue: i === 0 ? HOSTILE : `queue-${i}` },
      value: i,
    })),
  );
  server = createExporterServer(createCachedSnapshotReader(store), {
    listenAddresses: ['127.0.0.1:0'],
    views: [{ path: '/few', names: ['none'] }],
    landingPage: { title: `Jobs ${HOSTILE}` },
  });
  const [address] = await server.start();
  origin = `http://127.0.0.1:${address!.port}`;
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a browser', () => {
  it('shows a compressed page as text, to its last line', async () => {
    const page = await documentOf('/metrics');
    expect(page).toContain('jobs_running{queue="queue-2999"} 2999\n');
    expect(page.match(/^jobs_running\{/gm)).toHaveLength(3000);
    expect(page).toContain('snapscrape_http_requests_in_flight 1\n');
    // What looks like a tag in a label is text.
    expect(page).not.toContain('<img');
  });

  it('finds all pages from the landing page, whose title is text', async () => {
    const page = await documentOf('/');
    for (const path of ['/metrics', '/few', '/-/healthy', '/-/ready']) {
      expect(page).toContain(`href=".${path}"`);
    }
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<title>1</title>');
  });
});
