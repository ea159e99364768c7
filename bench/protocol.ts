import type { Change, WorkloadShape } from './workload/workload.ts';

/** What a subject process is started with: the first line that it reads. */
export interface SubjectSetup extends WorkloadShape {
  /** The subject's name in the list of subjects. */
  readonly subject: string;
  /** A file with the points as tab-separated text, for subjects in other languages. */
  readonly pointsFile?: string | undefined;
}

/**
 * What the driver tells a subject process, one JSON object a line on its standard input. Each is
 * answered by one line on its standard output; the first line there is a {@link Ready}.
 */
export type Command =
  /** Makes the subject's state from the workload: a {@link Reading}. */
  | { readonly command: 'build' }
  /** Makes a change (not measured) and brings the subject up to date with it: a {@link Reading}. */
  | { readonly command: 'refresh'; readonly change: Change; readonly keepsGarbage?: boolean }
  /** The same, but goes on measuring until `end`. */
  | { readonly command: 'refresh-and-begin'; readonly change: Change }
  /**
   * Begins to measure: an empty object. Garbage is collected first, lest the work pay for what came
   * before it; where it is kept, collections come when they come, as in real life.
   */
  | { readonly command: 'begin'; readonly keepsGarbage?: boolean }
  /** Ends measuring: a {@link Reading}. */
  | { readonly command: 'end' }
  /** Collects garbage and looks at the memory: a {@link MemoryReading}. */
  | { readonly command: 'memory' };

/** A subject process listens, is empty, and waits for commands. */
export interface Ready {
  readonly port: number;
  /** The version of the peer that it runs; none for what is part of this repository. */
  readonly version?: string | undefined;
}

/** What some work cost the subject's process, in ms. */
export interface Reading {
  /** User and system time of the whole process, trailing work included. */
  readonly cpu: number;
  /** That of the main thread alone; undefined where there is no such thing. */
  readonly main?: number | undefined;
  /** From the beginning to the end of the work, trailing work not included. */
  readonly wall: number;
  /** The longest that the event loop was held; undefined where there is none. */
  readonly block?: number | undefined;
}

/** What a subject's process holds after collecting garbage, in bytes. */
export interface MemoryReading {
  /** Resident memory. */
  readonly rss: number;
  /** The most that was ever resident. */
  readonly peakRss: number;
  /** Bytes that are in use: objects and buffers. */
  readonly live: number;
}
