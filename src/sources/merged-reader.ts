import { SnapscrapeError, type SnapscrapeErrorCode } from '../model/errors.ts';
import type { FamilyMetadata, FamilyMetadataFault } from '../model/family-metadata.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { LONGEST_TIMER } from '../model/options.ts';
import { type RejectedPoint, RejectionLog, type RejectionReason } from '../model/rejection.ts';
import type { ReadOptions, SnapshotReader } from '../model/snapshot-reader.ts';
import { type ReadPart, SourceReader, type SourceReadOptions } from '../model/source-read.ts';
import type { LastWrite } from '../model/write-stats.ts';
import {
  providerOf,
  refusalsOf,
  type SnapshotProvider,
  type SnapshotWait,
  type SnapshotWatcher,
} from '../refresh/snapshot-provider.ts';
import {
  joinLastWrites,
  joinSources,
  type RefusalSources,
  refusedPoints,
} from '../refresh/store-writes.ts';
import { callSafely } from '../scheduling/call-safely.ts';
import { abortedError } from '../scheduling/wait.ts';
import { Watchers } from '../scheduling/watchers.ts';
import { snapshotEntries, snapshotPoints } from '../snapshot/points.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { SnapshotCombiner } from '../snapshot/snapshot-combiner.ts';
import { versionOfMerged } from '../snapshot/snapshot-version.ts';
import {
  type CheckedMergeOptions,
  checkMergeOptions,
  checkReaders,
  type MergeOptions,
  type NamedReader,
} from './merge-options.ts';
import { type MemberAnswer, type MemberState, MergedMember } from './merged-member.ts';

/** Several snapshot readers as one. */
export interface MergedSnapshotReader extends SnapshotReader {
  /**
   * Reads all readers at once and returns the points of those that have any to give, in series
   * order. Rejects with `aborted`, and if no reader has any: with the code that all errors share or
   * `snapshot_unavailable`, and an AggregateError of them as the cause.
   */
  snapshot(options?: ReadOptions): Promise<Iterable<SnapshotPoint>>;
  /** Returns the metadata of the merged families; reads as `snapshot()` does. */
  families(options?: ReadOptions): Promise<readonly FamilyMetadata[]>;
  /** The state of each reader, in the order of the list. */
  members(): readonly MemberState[];
  /** What the merge left out. */
  mergeStats(): MergeStats;
}

/** What a merged reader left out: a copy that stays as it is. */
export interface MergeStats {
  /**
   * Rejected points by reason: of the readers and their stores, and those that the merge left out.
   */
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** The last of them, oldest first, at most 100. */
  readonly lastRejected: readonly RejectedPoint[];
  /** Metadata of families in the latest merged snapshot that could not be used, at most 100. */
  readonly familyFaults: readonly FamilyMetadataFault[];
}

/**
 * Merges several snapshot readers into one, for one handler or for a cache of its own.
 *
 * - A reader that fails spares the others: its families are absent, or as its own cache last had
 *   them, and `members()` shows it. All are read at the same time, within the deadline of the
 *   scrape; a cached reader that is late gives its last good snapshot.
 * - A family that several readers have gets one HELP and TYPE, from the first in the list that
 *   declares it; another declaration is reported as a fault of metadata. Samples that the family's
 *   type forbids are rejected.
 * - A series that several readers have comes from one of them, by {@link MergeOptions.duplicates};
 *   the others' samples count as rejected with the reason `duplicate`, each time their family is
 *   merged. Or it is their sum (`duplicates: 'add'`), or each reader's has a label
 *   ({@link MergeOptions.readerLabel}).
 *
 * The chunks of cached readers are shared, not copied; a family is merged again only when it
 * changed in one of its readers. Readers without a cache, such as a registry's, are read for each
 * scrape. A merged reader may be merged again: it stays one reader, with its own options. A cache
 * may be put around it, too, and reads each reader once for each refresh. The caller closes the
 * readers. Throws `invalid_options` if the list or an option is wrong, with every error listed.
 *
 * @example
 * ```ts
 * const reader = mergeReaders([
 *   { name: 'github', reader: createCachedSnapshotReader(store) },
 *   { name: 'process', reader: createRegistryReader(register) },
 * ]);
 * ```
 */
export function mergeReaders(
  readers: readonly (SnapshotReader | NamedReader)[],
  options?: MergeOptions,
): MergedSnapshotReader {
  const checked = checkMergeOptions(options);
  return new MergedReader(checkReaders(readers), checked);
}

/** The merged reader, with what the handler needs beyond the public contract. */
export class MergedReader extends SourceReader implements MergedSnapshotReader, SnapshotProvider {
  readonly rejections: RejectionLog = new RejectionLog();
  readonly isKept: boolean;
  readonly #options: CheckedMergeOptions;
  readonly #members: readonly MergedMember[];
  readonly #merger: SnapshotCombiner;
  readonly #watchers = new Watchers<SnapshotWatcher>();
  readonly #versions = new WeakMap<Snapshot, number>();
  #isWatching = false;
  #isPublishing = false;

  constructor(readers: readonly NamedReader[], options: CheckedMergeOptions) {
    super();
    this.#options = options;
    this.#members = readers.map(
      ({ name, reader }) => new MergedMember(name, providerOf(reader), () => this.#publishSoon()),
    );
    const providers = this.#members.map(({ provider }) => provider);
    // One reader whose chunks stay is enough for what is derived from them to be worth keeping.
    this.isKept = providers.some((provider) => provider.isKept);
    this.#merger = new SnapshotCombiner({
      ...options,
      isKept: this.isKept,
      names: readers.map(({ name }) => name),
      rejections: this.rejections,
    });
  }

  async snapshot(options: ReadOptions = {}): Promise<Iterable<SnapshotPoint>> {
    return snapshotPoints(await this.current(options));
  }

  async families(options: ReadOptions = {}): Promise<readonly FamilyMetadata[]> {
    return metadataOf(await this.current(options));
  }

  /** Reads each reader once for a cache around them: metadata and points are of one snapshot. */
  override async *read(
    _: string | undefined,
    { signal }: SourceReadOptions,
  ): AsyncGenerator<ReadPart> {
    const snapshot = await this.current({ signal });
    yield { kind: 'families', items: metadataOf(snapshot) };
    yield { kind: 'entries', items: snapshotEntries(snapshot) };
    yield { kind: 'lastWrites', items: this.lastWrites() };
  }

  members(): readonly MemberState[] {
    return this.#members.flatMap((member) => member.states());
  }

  /** The sources that reject points before they are merged. */
  refusalsBelow(): RefusalSources {
    return joinSources(this.#members.map(({ provider }) => refusalsOf(provider)));
  }

  /** When the stores below were last written, as of the latest read. */
  lastWrites(): readonly LastWrite[] {
    return joinLastWrites(this.#members.map(({ provider }) => provider.lastWrites?.() ?? []));
  }

  mergeStats(): MergeStats {
    const { rejected, lastRejected } = refusedPoints(refusalsOf(this));
    return Object.freeze({
      rejected,
      lastRejected,
      familyFaults: this.#merger.familyFaults,
    });
  }

  /** The merged snapshot to serve now. */
  async current(wait: SnapshotWait = {}): Promise<Snapshot> {
    if (wait.signal?.aborted) throw abortedError(wait.signal.reason);
    const deadline = Math.min(wait.deadline ?? LONGEST_TIMER, this.#options.readerTimeout);
    // What is merged is kept for the next merge: no use can hold that.
    const reads = await Promise.all(
      this.#members.map((member) => member.read({ ...wait, deadline, use: undefined })),
    );
    if (wait.signal?.aborted) throw abortedError(wait.signal.reason);
    this.#note(reads);
    const failures = reads.flatMap(({ failure }) => failure ?? []);
    if (failures.length === reads.length) {
      const none = 'None of the merged readers has a snapshot to give; their errors are the cause';
      throw joined(failures, 'snapshot_unavailable', none);
    }
    if (failures.length > 0 && wait.errorPolicy === 'fail') {
      const some = 'Some of the merged readers failed; their errors are the cause';
      throw joined(failures, 'refresh_failed', some);
    }
    for (const failure of failures) wait.onFailure?.(failure);
    const merged = await this.#merger.merge(reads.map(({ snapshot }) => snapshot));
    this.#noteVersion(merged, reads);
    return merged;
  }

  /** The version of a snapshot of `current()`; undefined unless each reader's is known. */
  versionOf(snapshot: Snapshot): number | undefined {
    return this.#versions.get(snapshot);
  }

  /** Calls a watcher with each new snapshot for as long as its owner holds it. */
  watch(watcher: SnapshotWatcher): void {
    this.#watchers.add(watcher);
    if (this.#isWatching) return;
    this.#isWatching = true;
    for (const member of this.#members) member.provider.watch?.(member);
  }

  /**
   * Merges what is known now, once for all that is published in the same turn of the event loop.
   */
  #publishSoon(): void {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    setImmediate(() => {
      this.#isPublishing = false;
      // If this fails, the next read does it again and gets the error.
      this.#publish().catch(() => undefined);
    });
  }

  async #publish(): Promise<void> {
    const latest = this.#members.map((member) => member.latest);
    if (latest.every((snapshot) => snapshot === undefined)) return;
    const merged = await this.#merger.merge(latest);
    this.#watchers.each((watcher) => watcher.published(merged));
  }

  #noteVersion(merged: Snapshot, reads: readonly MemberAnswer[]): void {
    const versions = reads.map(({ snapshot }, at) => {
      const { provider } = this.#members[at]!;
      return snapshot && provider.versionOf?.(snapshot);
    });
    const version = versionOfMerged(versions);
    if (version !== undefined) this.#versions.set(merged, version);
  }

  #note(reads: readonly MemberAnswer[]): void {
    for (const [at, { snapshot, failure }] of reads.entries()) {
      const member = this.#members[at]!;
      // If nothing stays, nothing is made ahead.
      if (this.isKept) member.latest = snapshot;
      if (failure !== undefined) callSafely(this.#options.onError, failure, member.name);
    }
  }
}

function metadataOf({ families }: Snapshot): readonly FamilyMetadata[] {
  return families.flatMap((family) => family.metadata ?? []);
}

/** One error of several: of the code that they share, if they do. */
function joined(
  failures: readonly SnapscrapeError[],
  otherwise: SnapscrapeErrorCode,
  message: string,
): SnapscrapeError {
  const [first] = failures;
  const isShared = failures.every(({ code }) => code === first?.code);
  const code = isShared && first ? first.code : otherwise;
  return new SnapscrapeError(code, message, { cause: new AggregateError(failures) });
}
