import { createServer, type RequestListener } from 'node:http';
import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  MemoryStore,
} from 'snapscrape';
import { HELP, readArguments, type Settings, UsageError } from './arguments.ts';
import { Collector } from './collector.ts';
import { FAMILIES } from './families.ts';
import { Repository } from './repository.ts';
import { findWorkingTree, nameRepositories } from './repository-paths.ts';
import { close, createRoutes, listen } from './server.ts';

/**
 * The whole exporter: git → collector → store → cached reader → handler → server.
 *
 * Collecting and scraping never wait for each other. The collector writes to the store what has changed,
 * the cached reader takes up the changes on its own timer, and a scrape gets bytes that are finished.
 */
async function run(settings: Settings, signal: AbortSignal): Promise<void> {
  const store = new MemoryStore();
  await store.setFamilies(FAMILIES);
  const repositories = openRepositories(settings.paths);
  const collector = new Collector({
    store,
    repositories,
    gitTimeoutMs: settings.gitTimeoutMs,
    signal,
    now: Date.now,
    log,
  });

  let reader: CachedSnapshotReader | undefined;
  let handler: RequestListener | undefined;
  const server = createServer(createRoutes(() => handler));
  const url = await listen(server, settings.address);
  try {
    await collector.collect();
    if (signal.aborted) return;
    // Made only now: until the first collection is complete, scrapes get 503 rather than a part of it.
    reader = createCachedSnapshotReader(store, {
      background: true,
      refreshInterval: settings.collectIntervalMs,
      onError: (error) => log(error.message),
    });
    await reader.refresh();
    handler = createOpenMetricsHandler(reader);
    console.log(`git-activity: ${countOf(repositories)}, ${url}/metrics`);
    await collector.run(settings.collectIntervalMs);
  } finally {
    await close(server);
    reader?.close();
    await store.close();
  }
}

function openRepositories(paths: readonly string[]): readonly Repository[] {
  const wanted = paths.length > 0 ? paths : [findWorkingTree(process.cwd())];
  return [...nameRepositories(wanted)].map(([path, name]) => new Repository(name, path));
}

function countOf(repositories: readonly Repository[]): string {
  return repositories.length === 1 ? '1 repository' : `${repositories.length} repositories`;
}

const MOST_TO_END_MS = 900;

/** A signal that is aborted when the process is told to end. Told a second time, it ends at once. */
function abortWhenToldToEnd(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort();
      // Whatever the kernel does not let go of, such as a dead network drive, must not keep the process.
      setTimeout(() => process.exit(1), MOST_TO_END_MS).unref();
    });
  }
  return controller.signal;
}

function log(line: string): void {
  console.error(`git-activity: ${line}`);
}

try {
  const settings = readArguments(process.argv.slice(2));
  if (settings.help) process.stdout.write(HELP);
  else await run(settings, abortWhenToldToEnd());
} catch (error) {
  log((error as Error).message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
