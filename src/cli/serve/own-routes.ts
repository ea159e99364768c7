import { seriesId } from '../../model/series-id.ts';
import type { Route } from '../../server/routes.ts';
import { plainResponse, type ShortResponse } from '../../server/short-response.ts';
import type { MetricStore } from '../../stores/metric-store.ts';
import type { ServeFlags } from '../settings/serve-settings.ts';
import { version } from '../version.ts';
import { apiData, apiRoute, disabled, type Respond } from './api-route.ts';
import { buildInfo } from './status-data.ts';

/** What the routes of the program itself act on. */
export interface OwnRouteParts {
  readonly flags: ServeFlags;
  readonly onError: (error: unknown) => void;
  /** Says whether the configuration was reloaded. */
  readonly reload: () => Promise<boolean>;
  readonly quit: () => void;
  /** Ends everything that is stored. */
  readonly wipe: () => Promise<void>;
  /** The configuration as YAML. */
  readonly settings: () => string;
  readonly shownFlags: () => Readonly<Record<string, string>>;
  readonly runtime: () => Readonly<Record<string, unknown>>;
}

/** The routes that no reload changes: lifecycle, admin and status. */
export function ownRoutes(parts: OwnRouteParts): ReadonlyMap<string, Route> {
  const { flags, onError } = parts;
  const get = (respond: Respond): Route => apiRoute(['GET', 'HEAD'], respond, onError);
  const change = (what: string, flag: keyof ServeFlags, respond: Respond): Route =>
    apiRoute(
      ['POST', 'PUT'],
      () => (flags[flag] === true ? respond() : disabled(what, flag)),
      onError,
    );
  return new Map([
    ['/-/reload', change('Lifecycle API', 'web.enable-lifecycle', () => reload(parts))],
    ['/-/quit', change('Lifecycle API', 'web.enable-lifecycle', () => quit(parts))],
    ['/api/v1/admin/wipe', change('Admin API', 'web.enable-admin-api', () => wipe(parts))],
    ['/api/v1/status/config', get(() => apiData({ yaml: parts.settings() }))],
    ['/api/v1/status/flags', get(() => apiData(parts.shownFlags()))],
    ['/api/v1/status/buildinfo', get(() => apiData(buildInfo(version())))],
    ['/api/v1/status/runtimeinfo', get(() => apiData(parts.runtime()))],
  ]);
}

async function reload(parts: OwnRouteParts): Promise<ShortResponse> {
  if (await parts.reload()) return plainResponse(200, 'The configuration was reloaded.\n');
  return plainResponse(500, 'The configuration was not reloaded; the log says why.\n');
}

function quit(parts: OwnRouteParts): ShortResponse {
  // After the response was written.
  setImmediate(() => parts.quit());
  return plainResponse(200, 'Requesting termination... Goodbye!\n');
}

async function wipe(parts: OwnRouteParts): Promise<ShortResponse> {
  await parts.wipe();
  return plainResponse(202, '');
}

/** How many ids are ended at once. */
const WIPE_BATCH = 10_000;

/** Ends all groups and all series of a store; returns how many series had no group. */
export async function wipeStore(store: MetricStore): Promise<number> {
  for await (const { labels } of await store.groups()) await store.endGroup(labels);
  let [ids, series]: [string[], number] = [[], 0];
  const end = async (): Promise<void> => {
    if (ids.length > 0) series += await store.delete(ids);
    ids = [];
  };
  for await (const { name, labels } of await store.snapshot()) {
    ids.push(seriesId({ name, labels }));
    if (ids.length >= WIPE_BATCH) await end();
  }
  await end();
  return series;
}
