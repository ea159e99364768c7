import { createCachedSnapshotReader, MemoryStore, type SnapscrapeError } from 'snapscrape';
import { createExporterServer } from 'snapscrape/server';
import { HELP, readArguments, type Settings, UsageError } from './arguments.ts';
import { Collector } from './collector.ts';
import { FAMILIES } from './families.ts';
import { readOnceFilled } from './filled-store.ts';
import { Repository } from './repository.ts';
import { findWorkingTree, nameRepositories } from './repository-paths.ts';

/**
 * The whole exporter: git → collector → store → cached reader → server.
 *
 * Collecting and scraping never wait for each other. The collector writes to the store what has
 * changed, the cached reader takes up the changes on its own timer, and a scrape gets bytes that
 * are finished.
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

  let fill: () => void = () => undefined;
  const filled = new Promise<void>((resolve) => {
    fill = resolve;
  });
  const onError = (error: SnapscrapeError): void => {
    // A refresh that ends because the exporter does is no news.
    if (error.code !== 'closed') log(error.message);
  };
  const reader = createCachedSnapshotReader(readOnceFilled(store, filled), {
    background: true,
    refreshInterval: settings.collectIntervalMs,
    onError,
  });
  const server = createExporterServer(reader, {
    listenAddresses: [settings.address],
    metricsPath: settings.metricsPath,
    webConfigFile: settings.webConfigFile,
    landingPage: {
      title: 'git-activity',
      description: 'Contributor activity of local git repositories.',
    },
    drainTimeout: DRAIN_MS,
    onError,
  });
  try {
    const [address] = await server.start();
    await collector.collect();
    if (signal.aborted) return;
    fill();
    await reader.refresh();
    console.log(
      `git-activity: ${countOf(repositories)}, ${address?.url ?? ''}${settings.metricsPath}`,
    );
    await collector.run(settings.collectIntervalMs);
  } finally {
    await server.close();
    reader.close();
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

/** How long scrapes that are being answered may take to end, in ms. */
const DRAIN_MS = 500;

const MOST_TO_END_MS = 5_000;

/** A signal that is aborted on SIGINT or SIGTERM. A second one ends the process at once. */
function abortWhenToldToEnd(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort();
      // Whatever the kernel does not let go of, such as a dead network drive, must not keep the
      // process.
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
