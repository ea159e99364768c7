import type { PushMode } from '../../src/push/group-index.ts';
import { compileLifetimes, type LifetimeRule } from '../../src/push/group-lifetimes.ts';
import { type GroupLabels, readGroupLabels } from '../../src/push/group-path.ts';
import { OwnMetrics } from '../../src/push/own-metrics.ts';
import { PageReader } from '../../src/push/page-reader.ts';
import { readFamilies } from '../../src/push/pushed-body.ts';
import { PushedGroups } from '../../src/push/pushed-groups.ts';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { MetricStore } from '../../src/stores/metric-store.ts';
import { type LogLine, logTo } from './pushgateway.ts';

/** How the groups of a test are kept. */
interface GatewaySettings {
  readonly store?: MetricStore;
  readonly ttlMs?: number;
  readonly rules?: readonly LifetimeRule[];
  readonly groupLimit?: number;
  readonly isShared?: boolean;
  now?: () => number;
}

/** Groups over a store, pushed to by paths and texts. */
interface GatewayGroups {
  readonly groups: PushedGroups;
  readonly store: MetricStore;
  /** What was logged. */
  readonly lines: readonly LogLine[];
  readonly own: OwnMetrics;
  readonly push: (path: string, text: string, mode?: PushMode) => Promise<void>;
  readonly delete: (path: string) => Promise<void>;
  /** The families that the store declares, by name. */
  readonly declared: () => Promise<readonly string[]>;
  /** Reads the page of all groups. */
  readonly reader: PageReader;
  /** The series of the page by their ids, without those of the gateway itself. */
  readonly page: () => Promise<Record<string, unknown>>;
}

/** Opens groups over a store. */
export async function gateway(settings: GatewaySettings = {}): Promise<GatewayGroups> {
  const now = settings.now ?? Date.now;
  const store = settings.store ?? new MemoryStore({ now });
  const lifetimes = await compileLifetimes(settings.rules ?? [], settings.ttlMs ?? 0);
  const { groupLimit = 10_000, isShared = false } = settings;
  const lines: LogLine[] = [];
  const own = new OwnMetrics({ version: '1' });
  const groups = await PushedGroups.open(store, {
    groupLimit,
    lifetimes,
    now,
    isShared,
    log: logTo(lines),
    onUntidy: () => own.cleanupFailures++,
  });
  const reader = new PageReader(groups, own);
  return {
    groups,
    store,
    reader,
    lines,
    own,
    push: (path: string, text: string, mode: PushMode = 'put') =>
      groups.push(labels(path), readFamilies(Buffer.from(text), undefined, false), mode),
    delete: (path: string) => groups.delete(labels(path)),
    declared: async (): Promise<readonly string[]> => {
      const names: string[] = [];
      for await (const { name } of await store.families()) names.push(name);
      return names.sort((a, b) => (a < b ? -1 : 1));
    },
    page: async (): Promise<Record<string, unknown>> => {
      const { families } = await reader.current();
      const lines = families.flatMap(({ chunks }) =>
        chunks.flatMap(({ text }) => text.toString().trim().split('\n')),
      );
      const shown = lines.filter((line) => line.includes('job=') && !line.startsWith('push_'));
      return Object.fromEntries(shown.map((line) => line.split(/ (?=[^ ]+$)/)));
    },
  };
}

/** The labels of a group, by its path. */
export function labels(path: string): GroupLabels {
  const [, base64, job = '', rest = ''] = /^job(@base64)?\/([^/]*)(.*)$/.exec(path)!;
  return readGroupLabels({ text: job, isBase64: base64 !== undefined }, rest, false);
}
