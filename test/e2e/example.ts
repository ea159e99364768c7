import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { TestRepository } from '../../examples/git-activity/test-repository.ts';
import { FORMATS, type Format } from '../conformance/formats.ts';
import type { Exposition } from '../conformance/reading.ts';
import { type RunningProcess, startProcess } from './process.ts';

/** Who wrote the commits of the repository that the example serves. */
export const AUTHORS: readonly string[] = [
  'Ann',
  'Bob "Back\\slash" B',
  'Zoë 花火 \u{1f600}',
  'comma, # and } brace',
];

/** The example, running as `npm start` runs it. */
export interface Example {
  /** A folder for whatever belongs to the run. */
  readonly folder: string;
  /** Where its metrics are; known once the hooks of the suite have run. */
  url(): string;
  /** Its page, for a client that accepts the format. */
  page(format: Pick<Format, 'accept'>): Promise<Exposition>;
}

/** Has the example running for the tests of a file. */
export function useExample(): Example {
  const folder = mkdtempSync(join(tmpdir(), 'snapscrape-e2e-'));
  let process: RunningProcess | undefined;
  let url = '';
  beforeAll(async () => {
    const repository = makeRepository(folder);
    // Without its `prestart`: the build is fresh, and another test may be reading it.
    const options = ['--web.listen-address=127.0.0.1:0', repository.path];
    process = startProcess('npm', ['start', '--ignore-scripts', '--', ...options]);
    const [, found] = await process.printed(/1 repository, (http:\S+)\n/);
    url = found ?? '';
  });
  afterAll(async () => {
    await process?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, url: () => url, page: ({ accept }) => fetchPage(url, accept) };
}

function makeRepository(folder: string): TestRepository {
  const repository = new TestRepository(folder, 'project');
  const time = Math.floor(Date.now() / 1000) - 60;
  for (const [at, author] of AUTHORS.entries()) {
    repository.commit({ author, time, files: { [`file-${at}`]: `${author}\n` } });
  }
  return repository;
}

async function fetchPage(url: string, accept: string): Promise<Exposition> {
  const response = await fetch(url, { headers: { accept } });
  const contentType = response.headers.get('content-type') ?? '';
  if (response.status !== 200) throw new Error(`The example answered ${response.status}`);
  return { contentType, body: Buffer.from(await response.arrayBuffer()) };
}

/** The format that Prometheus asks for first. */
export const OPENMETRICS: Format = FORMATS[0]!;
