import type { FamilyMetadata, SnapshotPoint } from '../../dist/index.js';

/** What the soak tells the server process. Each is answered by one {@link ServerAnswer}. */
export type ServerCommand =
  /** Writes points, in one go. */
  | { readonly kind: 'write'; readonly points: readonly SnapshotPoint[] }
  /** Ends series. */
  | { readonly kind: 'delete'; readonly ids: readonly string[] }
  /** Ends all series with those labels. */
  | { readonly kind: 'delete-matching'; readonly labels: Readonly<Record<string, string>> }
  /** Refreshes until everything written so far is served. */
  | { readonly kind: 'catch-up' }
  /** Collects garbage and looks at the memory. */
  | { readonly kind: 'memory' };

/** The server's state after a command. */
export interface ServerAnswer {
  /** Why the command failed, if it did. */
  readonly failure: string | undefined;
  /** How many series were ended. */
  readonly ended: number;
  readonly refreshes: number;
  readonly deltas: number;
  readonly fullRefreshes: number;
  readonly fallbacks: number;
  readonly failures: number;
  readonly rejected: number;
  readonly longestSlice: number;
  /** How many bytes of memory refreshes used again, each time poisoned before. */
  readonly reused: number;
  /** In bytes; 0 unless asked for. */
  readonly rss: number;
  /** Heap and buffers, in bytes; 0 unless asked for. */
  readonly live: number;
}

/** What the server process says first. */
export interface ServerReady {
  readonly port: number;
}

/** The families of the soak: every kind of header, and a pair whose values are always equal. */
export const SOAK_FAMILIES: readonly FamilyMetadata[] = [
  { name: 'soak_left', type: 'gauge', help: 'As soak_right, in every snapshot.' },
  { name: 'soak_right', type: 'gauge', help: 'As soak_left, in every snapshot.' },
  { name: 'soak_size_bytes', type: 'gauge', unit: 'bytes', help: 'Quotes ", \\ and\nlines.' },
  { name: 'soak_events_total', type: 'counter', help: 'Counted.' },
  { name: 'soak_state', type: 'unknown' },
];
