import type { ProgramLog } from '../../logging/program-log.ts';
import type { SnapscrapeError } from '../../model/errors.ts';
import { openPushApi, type PushApi } from '../../push/push-api.ts';
import { createStore } from '../../stores/create-store.ts';
import type { MetricStore } from '../../stores/metric-store.ts';
import { isStoreAway, StoreBusyError } from '../../stores/store-away.ts';
import { errorFields } from '../program-logger.ts';
import type { ServeFlags } from '../settings/serve-settings.ts';
import { StateLog } from '../state-log.ts';
import { version } from '../version.ts';
import type { Configuration } from './read-configuration.ts';
import type { ReadFrom } from './readers.ts';
import { prefixOf } from './served-routes.ts';

/** Opens the store of a configuration, and the push API over it if that is enabled. */
export async function openStore(
  configuration: Configuration,
  flags: ServeFlags,
  log: ProgramLog,
): Promise<ReadFrom> {
  const states = new StateLog(log);
  const { retention, series_limit: maxSeries } = configuration.settings.storage;
  const retentionByFamily = Object.fromEntries(
    [...configuration.settings.families].flatMap(([name, family]) =>
      family.retention === undefined ? [] : [[name, family.retention] as const],
    ),
  );
  const noteFailure = (error: unknown): void => {
    // The next read tells that the server is away. One that is there may refuse writes alone.
    const isAway = isStoreAway(error) && !isStoreAway(error, StoreBusyError);
    if (isAway) log.debug('storage', 'Store away', errorFields(error));
    else states.error('storage', 'Store failed', error);
  };
  const store = await createStore(configuration.storeUrl, {
    ...(retention === undefined ? {} : { retention }),
    ...(maxSeries === undefined ? {} : { maxSeries }),
    retentionByFamily,
    onError: (error: SnapscrapeError) => noteFailure(error),
  });
  // By itself a store does so for the first time after a while.
  const hasRetention = retention !== undefined || Object.keys(retentionByFamily).length > 0;
  const collected = hasRetention ? store.gc() : Promise.resolve(0);
  const swept = collected.catch(noteFailure);
  try {
    const isPushed = flags['web.enable-push-api'];
    const parts = { flags, states, log };
    const push = isPushed ? await openPushes(store, configuration, parts) : undefined;
    await swept;
    return { store, states, push };
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface PushParts {
  readonly flags: ServeFlags;
  readonly states: StateLog;
  readonly log: ProgramLog;
}

function openPushes(
  store: MetricStore,
  { settings: { push } }: Configuration,
  { flags, states, log }: PushParts,
): Promise<PushApi> {
  return openPushApi(store, {
    prefix: prefixOf(flags),
    ttlMs: push.ttl,
    rules: push.rules.map(({ match, ttl }) => ({ match, ttlMs: ttl })),
    groupLimit: push.group_limit,
    bodySizeLimit: push.body_size_limit,
    version: version(),
    // While the store is away each push fails in the same way.
    log: { ...log, error: (component, msg, fields) => states.repeated(component, msg, fields) },
  });
}

/** How many groups a store has. */
export async function countGroups(store: MetricStore): Promise<number> {
  let count = 0;
  for await (const _ of await store.groups()) count++;
  return count;
}
