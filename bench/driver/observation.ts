import type { MemoryReading, Reading } from '../protocol.ts';
import type { Change, WorkloadShape } from '../workload/workload.ts';
import type { Coding } from './subject-list.ts';

/** What was measured: the key under which observations of several rounds are put together. */
export type Measure =
  | 'build'
  /** The first scrape after the build. */
  | `first ${Coding}`
  | `scrape ${Coding}`
  | `refresh ${Change['kind']} ${number}`
  /** A typical refresh and a gzip scrape right behind it, together. */
  | 'cycle'
  /** One of a hundred scrapes or refreshes, for their longest blocks. */
  | `block scrape ${Coding}`
  | 'block refresh'
  | 'memory empty'
  | 'memory scraped'
  | 'memory refreshed';

/** One thing that was measured once. */
export interface Observation extends WorkloadShape {
  readonly subject: string;
  readonly measure: Measure;
  /** From 1. */
  readonly round: number;
  /** Times in ms, memory in bytes, and the bytes of a body. */
  readonly values: Readonly<Partial<Reading & MemoryReading & { readonly body: number }>>;
}

/** Everything that a run found out. */
export interface Results {
  readonly date: string;
  readonly machine: Readonly<Record<string, string>>;
  /** The version of each peer that took part. */
  readonly versions: Readonly<Record<string, string>>;
  /** What could not be measured, and why. */
  readonly gaps: readonly string[];
  readonly rounds: number;
  readonly observations: readonly Observation[];
}

/** The measure of a refresh after a change. */
export function refreshOf({ kind, share }: Change): Measure {
  return `refresh ${kind} ${share}`;
}
