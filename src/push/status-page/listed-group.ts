/** What the page shows of a group. */
export interface ListedGroup {
  /** Its grouping labels in the order in which they are shown, `job` first. */
  readonly labels: readonly ShownLabel[];
  /** The path below which clients push to it, such as `/metrics/job/backup`. */
  readonly path: string;
  /** When it was pushed to last, in Unix ms; undefined if no push succeeded. */
  readonly pushedAt: number | undefined;
  /** When the last push failed, in Unix ms; undefined if it succeeded. */
  readonly failedAt: number | undefined;
  /** When it expires, in Unix ms; undefined for never. */
  readonly expiresAt: number | undefined;
  /** How many series it has. */
  readonly series: number;
  /** Reads its families, without those of push times. It is called only if the group is on the page. */
  readonly families: () => readonly ListedFamily[];
}

/** A family of a group. */
export interface ListedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ListedSample[];
}

/** A sample of a family: a histogram or summary is one. */
interface ListedSample {
  /** Its labels without those of the group. */
  readonly labels: readonly ShownLabel[];
  readonly value: string;
}

/** A label, as text. */
export type ShownLabel = readonly [name: string, value: string];
