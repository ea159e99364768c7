import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { SnapshotPoint, WritablePoint } from '../model/metric-point.ts';
import type { RejectedPoint } from '../model/rejection.ts';
import type {
  Awaitable,
  IncrementalSnapshotReader,
  Many,
  ReadOptions,
} from '../model/snapshot-reader.ts';
import type { ReplaceOptions, ReplaceResult, StoreGroup } from './store-group.ts';

/** What became of the points of one `upsert`: each is counted exactly once. */
export interface UpsertResult {
  /** Points of series that were not in the store. */
  readonly added: number;
  /** Points that replaced another value or time of their series. */
  readonly changed: number;
  /** Points whose value and time the store had already. */
  readonly unchanged: number;
  /** Points not applied, because the store has a newer one of their series. */
  readonly older: number;
  /** Points not applied, because they are not valid or the store is full. */
  readonly refused: number;
  /** The first 100 refused points and why each was refused. */
  readonly refusals: readonly RejectedPoint[];
}

/**
 * Chooses series by exact equality: a series matches when its name and every label given are equal.
 *
 * @example
 * ```ts
 * await store.delete({ name: 'gh_activity_commits_24h', labels: { org: 'a', user: '' } });
 * ```
 */
export interface SeriesMatcher {
  /** The metric name. Default: any. */
  readonly name?: string | undefined;
  /**
   * Label names to the values they must have, as text: a record, or an object whose type is an
   * interface. `''` means that there is no such label. Default: any.
   */
  readonly labels?:
    | Readonly<Record<string, string>>
    | (object & { readonly [Symbol.iterator]?: never })
    | undefined;
}

/**
 * What every store offers: points go in one at a time or in bulk, snapshots and changes come out.
 *
 * The last write wins by `updatedAt`, and at a tie the later write. A write is acknowledged only
 * when the store would give it back. After `close` every method but `close` and `healthy` fails
 * with `closed`.
 */
export interface MetricStore extends IncrementalSnapshotReader {
  /** Returns all points that exist now, complete; see {@link IncrementalSnapshotReader}. */
  snapshot(
    options?: ReadOptions,
  ): Awaitable<Many<SnapshotPoint> & { readonly cursor?: string | undefined }>;
  /**
   * Writes one point or many; a point without `updatedAt` was true now.
   *
   * A bad point never fails the call: it is refused and counted. Rejects with `invalid_options`
   * when given neither a point nor something to iterate, and with `input_failed` when the iteration
   * throws: `cause` is what it threw, and the points before it stay written. Points of an async
   * iterable are written many at a time if they come fast, else each as it comes.
   */
  upsert(
    points: WritablePoint | Iterable<WritablePoint> | AsyncIterable<WritablePoint>,
  ): Promise<UpsertResult>;
  /**
   * Ends series, by id or by matcher, and returns how many there were. Any write to a series after
   * its end is new, whatever its `updatedAt`.
   *
   * Rejects with `invalid_series_id` when one of the ids is no series, and with `invalid_options`
   * when the matcher is empty or has faults; nothing is ended then.
   */
  delete(target: string | Iterable<string> | SeriesMatcher): Promise<number>;
  /**
   * Replaces all that a group of series is: its points are written, and its other series end, in one
   * commit. No reader sees a part of it.
   *
   * The points are true as of now, in the order in which calls arrive: `updatedAt` does not decide.
   * A series has one owner. `upsert` rejects a point of one that a group has (`owned_by_group`);
   * `delete` ends it. Series of groups are exempt from `retention`. A group may be without series.
   *
   * All or nothing. Rejects with `invalid_point` if a point cannot be stored or a series comes
   * twice; with `series_owned` if a series is in another group or in none; with `store_full` beyond
   * `maxSeries` or 10 000 series of the group. `cause` is the rejection then: `reason` and
   * `subject`. Rejects with `invalid_options` if the labels, the options, or metadata have faults,
   * or if the store keeps no groups.
   *
   * @param group - the labels that name the group; one with an empty value is no label.
   * @param points - at most 10 000, each series once.
   */
  replace(
    group: Readonly<Record<string, string>>,
    points: Iterable<WritablePoint>,
    options?: ReplaceOptions,
  ): Promise<ReplaceResult>;
  /**
   * Ends a group and all its series in one commit; returns whether it was there. Rejects with
   * `invalid_options` if the labels have faults, or if the store keeps no groups.
   */
  endGroup(group: Readonly<Record<string, string>>): Promise<boolean>;
  /** Returns all groups, in no particular order; none if the store keeps no groups. */
  groups(): Awaitable<Many<StoreGroup>>;
  /**
   * Adds metadata of families, replacing what was there under the same name.
   *
   * Rejects with `invalid_options` listing every fault; nothing is changed then.
   */
  setFamilies(families: Iterable<FamilyMetadata>): Promise<void>;
  /**
   * Ends metadata of families; the series stay, and a name without metadata is no error.
   *
   * Rejects with `invalid_options` if one of the names is not a text; nothing is changed then.
   */
  deleteFamilies(names: Iterable<string>): Promise<void>;
  /** Returns the metadata of families that was set, in no particular order. */
  families(): Awaitable<Many<FamilyMetadata>>;
  /**
   * Ends groups that are due, each as a whole, and series that are beyond their retention; returns
   * how many series there were. The store does so by itself on its own timers.
   *
   * @param now - the time to reckon with, in Unix milliseconds. Default: the store's clock.
   */
  gc(now?: number): Promise<number>;
  /**
   * Tells whether the store is open and can be read now; of a write it promises nothing (a full
   * disk, a lease that another has, a server that is a replica). Never rejects.
   */
  healthy(): Promise<boolean>;
  /** Lets go of everything the store holds. Closing again does nothing. */
  close(): Promise<void>;
}
