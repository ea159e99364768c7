import type { SelfFamily } from '../http/self-families.ts';
import type { ProgramLog } from '../logging/program-log.ts';
import type { Listener } from '../server/routes.ts';
import { NOT_FOUND } from '../server/routes.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { isReadable, isStoreAway, StoreBusyError } from '../stores/store-away.ts';
import { GatewayListener } from './gateway-listener.ts';
import { compileLifetimes, type LifetimeRule } from './group-lifetimes.ts';
import { CLEANUP_FAILURES, CLEANUP_FAILURES_HELP } from './own-families.ts';
import { OwnMetrics } from './own-metrics.ts';
import { BodyReceiver } from './pushed-body.ts';
import { PushedGroups } from './pushed-groups.ts';
import { StoreWatch } from './store-watch.ts';

/** How a server takes pushes beside what else it serves. */
export interface PushApiSettings {
  /** What all paths begin with: empty, or a path without a slash at its end. */
  readonly prefix: string;
  /** How long a group lives after the latest push, in ms; 0 for ever. */
  readonly ttlMs: number;
  /** Lifetimes of some groups; the first rule that matches counts. */
  readonly rules: readonly LifetimeRule[];
  /** The most groups. */
  readonly groupLimit: number;
  /** The most bytes of a body, as it comes and once it is decoded. */
  readonly bodySizeLimit: number;
  readonly version: string;
  readonly log: ProgramLog;
}

/** A push API over a store that others write to as well. */
export interface PushApi {
  readonly groups: PushedGroups;
  /** Serves the paths that {@link isPushPath} names. */
  readonly serve: Listener;
  /** The metrics of pushes, for the server's own. */
  readonly families: readonly SelfFamily[];
}

/** Whether the push API serves a path, without the prefix. */
export function isPushPath(path: string): boolean {
  return /^\/metrics\/job(@base64)?(\/|$)/i.test(path) || path === '/api/v1/metrics';
}

/**
 * Makes the push API of a store. If the store is away, pushes get 503 until it is there.
 *
 * @throws SnapscrapeError `invalid_selector` for a rule, `invalid_options` if the store keeps no
 * groups, and what reading the groups throws.
 */
export async function openPushApi(store: MetricStore, settings: PushApiSettings): Promise<PushApi> {
  const { prefix, groupLimit, bodySizeLimit, version, log } = settings;
  const lifetimes = await compileLifetimes(settings.rules, settings.ttlMs);
  // The server goes on: of a store that it cannot write it still serves the rest.
  const watch = new StoreWatch(log, () => undefined);
  const own = new CountedPushes({ version });
  const noteFailure = async (failure: unknown): Promise<void> => {
    // If the server is away, or cannot be read either, the reader of the store logs it.
    const isAway = isStoreAway(failure) && !isStoreAway(failure, StoreBusyError);
    if (!isAway && (await isReadable(store))) await watch.failed(failure, async () => true);
  };
  const groups = await PushedGroups.open(store, {
    groupLimit,
    lifetimes,
    now: Date.now,
    isShared: true,
    log,
    onUntidy: () => own.cleanupFailures++,
    onWrite: (failure) => {
      if (failure === undefined) watch.succeeded();
      else void noteFailure(failure);
    },
  });
  const takers = { groups, receiver: new BodyReceiver(bodySizeLimit), own, watch, log };
  const { serve } = new GatewayListener(takers, {
    prefix,
    isUnchecked: false,
    allowsUtf8: true,
    // Of the rest of a gateway nothing is served.
    telemetryPath: '/metrics',
    enableLifecycle: false,
    enableAdminApi: false,
    flags: {},
    startedAt: 0,
    build: { version },
    scrape: NOT_FOUND.serve,
    onQuit: () => undefined,
  });
  return { groups, serve, families: familiesOf(groups, own) };
}

class CountedPushes extends OwnMetrics {
  readonly counts = new Map<string, { labels: Record<string, string>; count: number }>();

  override countRequest(handler: string, method: string, code: number): void {
    const labels = { handler, method, code: String(code) };
    const key = Object.values(labels).join(' ');
    const known = this.counts.get(key);
    if (known === undefined) this.counts.set(key, { labels, count: 1 });
    else known.count++;
  }
}

function familiesOf(groups: PushedGroups, own: CountedPushes): readonly SelfFamily[] {
  return [
    {
      name: 'push_requests_total',
      type: 'counter',
      help: 'Requests of the push API that have ended.',
      samples: () =>
        Array.from(own.counts.values(), ({ labels, count }) => [labels, count] as const),
    },
    {
      name: 'push_refused_total',
      type: 'counter',
      help: 'Pushes that were not kept, by reason; storage: the store could not be written.',
      samples: () => Array.from(own.refused, ([reason, count]) => [{ reason }, count] as const),
    },
    {
      name: CLEANUP_FAILURES.replace(/^snapscrape_/, ''),
      type: 'counter',
      help: CLEANUP_FAILURES_HELP,
      samples: () => [[{}, own.cleanupFailures]],
    },
    {
      name: 'push_groups',
      type: 'gauge',
      help: 'Groups that were pushed and have not ended.',
      samples: () => [[{}, groups.index.groups.size]],
    },
  ];
}
