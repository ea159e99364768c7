import { readdirSync } from 'node:fs';
import type { Entries, Payload } from '../model/entries.ts';
import { KeyWriter } from '../model/key/index.ts';
import { writeValue } from '../model/value/index.ts';
import { CLEANUP_FAILURES, PUSHES_REFUSED } from './own-families.ts';
import { RecentValues } from './recent-values.ts';

/** What was built, as `pushgateway_build_info` and the status show it. */
export interface BuildInfo {
  readonly version: string;
}

/** Counts the requests of a gateway, and makes its own series. */
export class OwnMetrics {
  readonly #build: BuildInfo;
  readonly #requests = new Map<string, { labels: Record<string, string>; count: number }>();
  readonly #durations = new Map<string, RecentValues>();
  readonly #sizes = new Map<string, RecentValues>();
  readonly #refused = new Map<string, number>();
  readonly #now: () => number;

  /** @param now - a clock in ms that does not go back. */
  constructor(build: BuildInfo, now: () => number = () => performance.now()) {
    this.#build = build;
    this.#now = now;
  }

  /** Counts a request that has ended. */
  countRequest(handler: string, method: string, code: number): void {
    const labels = { code: String(code), handler, method: method.toLowerCase() };
    const key = Object.values(labels).join(' ');
    const known = this.#requests.get(key);
    if (known === undefined) this.#requests.set(key, { labels, count: 1 });
    else known.count++;
  }

  /** Counts a push that was not kept; the reason is a word of a few. */
  countRefused(reason: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  /** How often the store could not be tidied up after a push was kept. */
  cleanupFailures = 0;

  /** How many pushes were not kept, by reason. */
  get refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  /** Notes how long a push took, in seconds, and how large its request was, in bytes. */
  observePush(method: string, seconds: number, bytes: number): void {
    this.#recent(this.#durations, method).add(seconds);
    this.#recent(this.#sizes, method).add(bytes);
  }

  #recent(all: Map<string, RecentValues>, method: string): RecentValues {
    const name = method.toLowerCase();
    let recent = all.get(name);
    if (recent === undefined) all.set(name, (recent = new RecentValues(this.#now)));
    return recent;
  }

  /** The series as they are now. */
  entries(): Entries {
    const keys: string[] = [];
    const payloads: Payload[] = [];
    const writer = new KeyWriter();
    const put = (name: string, labels: Readonly<Record<string, string>>, payload: Payload) => {
      if (!writer.write(name, labels)) return;
      keys.push(writer.key);
      payloads.push(payload);
    };
    put('pushgateway_build_info', buildLabels(this.#build), 1);
    for (const { labels, count } of this.#requests.values()) {
      put('pushgateway_http_requests_total', labels, count);
    }
    for (const [method, recent] of this.#durations) {
      put('pushgateway_http_push_duration_seconds', { method }, writeValue(recent.summary()));
    }
    for (const [method, recent] of this.#sizes) {
      put('pushgateway_http_push_size_bytes', { method }, writeValue(recent.summary()));
    }
    if (this.cleanupFailures > 0) put(CLEANUP_FAILURES, {}, this.cleanupFailures);
    for (const [reason, count] of this.#refused) put(PUSHES_REFUSED, { reason }, count);
    for (const [name, value] of processValues()) put(name, {}, value);
    return { keys, payloads, times: keys.map(() => 0) };
  }
}

function buildLabels({ version }: BuildInfo): Readonly<Record<string, string>> {
  return {
    branch: 'unknown',
    goarch: process.arch,
    goos: process.platform,
    goversion: `node ${process.version}`,
    revision: 'unknown',
    tags: 'unknown',
    version,
  };
}

const STARTED_AT = (Date.now() - process.uptime() * 1000) / 1000;

function processValues(): readonly (readonly [name: string, value: number])[] {
  const { user, system } = process.cpuUsage();
  const fds = openFiles();
  return [
    ['process_cpu_seconds_total', (user + system) / 1e6],
    ...(fds === undefined ? [] : [['process_open_fds', fds] as const]),
    ['process_resident_memory_bytes', process.memoryUsage.rss()],
    ['process_start_time_seconds', STARTED_AT],
  ];
}

/** How many files are open, where the system tells. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
