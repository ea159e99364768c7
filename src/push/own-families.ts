import type { FamilyMetadata } from '../model/family-metadata.ts';
import { PUSH_FAILURE_TIME, PUSH_TIME } from './prepared-push.ts';
import type { PushedType } from './pushed-families.ts';

/** A family that a Pushgateway has of itself: no push may contradict it. */
export interface OwnFamily extends Pick<FamilyMetadata, 'name'> {
  readonly type: PushedType;
  readonly help: string;
  /**
   * Whether the original has it only once a request was counted. It then asks pushes for the same
   * HELP; of the others it overwrites the HELP of pushes.
   */
  readonly isLate?: true;
  /** Whether it is on our page too. The original has metrics of the Go runtime beside. */
  readonly isServed: boolean;
}

/** The family that counts the pushes which were not kept; the original has none of this name. */
export const PUSHES_REFUSED = 'snapscrape_push_refused_total';

/** The family that counts failures after a push was kept; the original has none of this name. */
export const CLEANUP_FAILURES = 'snapscrape_push_cleanup_failures_total';
export const CLEANUP_FAILURES_HELP =
  'Writes that were kept, after which the store could not be tidied up.';

const served = (name: string, type: PushedType, help: string, isLate?: true): OwnFamily => ({
  name,
  type,
  help,
  isServed: true,
  ...(isLate && { isLate }),
});

const unserved = (name: string, type: PushedType, help: string): OwnFamily => ({
  name,
  type,
  help,
  isServed: false,
});

const ALL: readonly OwnFamily[] = [
  served(
    PUSH_TIME,
    'gauge',
    'Last Unix time when changing this group in the Pushgateway succeeded.',
  ),
  served(
    PUSH_FAILURE_TIME,
    'gauge',
    'Last Unix time when changing this group in the Pushgateway failed.',
  ),
  served(
    'pushgateway_build_info',
    'gauge',
    "A metric with a constant '1' value labeled by version, revision, branch, goversion from which pushgateway was built, and the goos and goarch for the build.",
  ),
  served(
    'pushgateway_http_requests_total',
    'counter',
    'Total HTTP requests processed by the Pushgateway, excluding scrapes.',
    true,
  ),
  served(
    'pushgateway_http_push_duration_seconds',
    'summary',
    'HTTP request duration for pushes to the Pushgateway.',
    true,
  ),
  served(
    'pushgateway_http_push_size_bytes',
    'summary',
    'HTTP request size for pushes to the Pushgateway.',
    true,
  ),
  served(
    'process_cpu_seconds_total',
    'counter',
    'Total user and system CPU time spent in seconds.',
  ),
  served('process_open_fds', 'gauge', 'Number of open file descriptors.'),
  served('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.'),
  served(
    'process_start_time_seconds',
    'gauge',
    'Start time of the process since unix epoch in seconds.',
  ),
  served(
    PUSHES_REFUSED,
    'counter',
    'Pushes that were not kept, by reason; storage: the store could not be written.',
  ),
  served(CLEANUP_FAILURES, 'counter', CLEANUP_FAILURES_HELP),
  unserved('go_goroutines', 'gauge', 'Number of goroutines that currently exist.'),
  unserved('go_info', 'gauge', 'Information about the Go environment.'),
  unserved('go_threads', 'gauge', 'Number of OS threads created.'),
  unserved(
    'go_gc_duration_seconds',
    'summary',
    'A summary of the wall-time pause (stop-the-world) duration in garbage collection cycles.',
  ),
];

/** What a Pushgateway has of itself, by name. */
export const OWN_FAMILIES: ReadonlyMap<string, OwnFamily> = new Map(
  ALL.map((family) => [family.name, family]),
);
