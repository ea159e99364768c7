import { catalogFamilies, type FamilyMetadata } from '../model/family-metadata.ts';
import { isAnyMetricName, isNamed, KeyReader } from '../model/key/index.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { isSoundPayload } from '../model/payload-check.ts';
import { describeSubject, type RejectionReason } from '../model/rejection.ts';
import type { Awaitable } from '../model/snapshot-reader.ts';
import { pointOfPayload } from '../model/trusted-point.ts';
import type { DriverFrame, Entries, Payload } from './driver.ts';

/** Is called with what a driver has and should not have: why it is rejected, and what it is. */
export type OnMalformed = (reason: RejectionReason, subject: string) => void;

/** A series that is there, or that ended. */
export type SeriesEvent =
  | { readonly point: SnapshotPoint }
  | { readonly deleted: true; readonly seriesId: string };

/** Makes points of what a driver keeps. That is read strictly: others may have written there. */
export class EntryReader {
  readonly #keys = new KeyReader();
  readonly #onMalformed: OnMalformed;

  constructor(onMalformed: OnMalformed) {
    this.#onMalformed = onMalformed;
  }

  /** Name and labels of a key; undefined if it was rejected. */
  series(key: string): Pick<SnapshotPoint, 'name' | 'labels'> | undefined {
    const labels = this.#keys.read(key);
    if (labels !== undefined) return { name: this.#keys.name, labels };
    this.#rejectKey(key);
    return undefined;
  }

  /** The series that are there; a point is made only when it is asked for. */
  *points(entries: Entries): Generator<SnapshotPoint, void, undefined> {
    for (let at = 0; at < entries.keys.length; at++) {
      const event = this.#event(entries, at);
      if (event !== undefined && 'point' in event) yield event.point;
    }
  }

  /** What became of series, as `sound` has it. */
  events(entries: Entries): SeriesEvent[] {
    return entries.keys.flatMap((_, at) => this.#event(entries, at) ?? []);
  }

  /**
   * The entries that are sound: without malformed keys. One whose state is rejected has ended, as
   * no snapshot has it either.
   */
  sound({ keys, payloads, times }: Entries): Entries {
    const sound: { keys: string[]; payloads: (Payload | undefined)[]; times: number[] } = {
      keys: [],
      payloads: [],
      times: [],
    };
    for (const [at, key] of keys.entries()) {
      if (!this.#keys.isKey(key)) {
        this.#rejectKey(key);
        continue;
      }
      const payload = payloads[at];
      sound.keys.push(key);
      sound.payloads.push(
        payload === undefined ? undefined : this.#checked(key, payload, times[at]!),
      );
      sound.times.push(times[at]!);
    }
    return sound;
  }

  /** The metadata of families in a frame's records, each read as it is asked for. */
  *families(records: DriverFrame['records']): Generator<FamilyMetadata, void, undefined> {
    for (const [name, text] of records) {
      const family = parseFamily(name, text);
      if (family !== undefined) yield Object.freeze(family);
      else {
        const reason = isAnyMetricName(name) ? 'not_a_point' : 'invalid_name';
        this.#onMalformed(reason, `metadata of ${describeSubject(name)}`);
      }
    }
  }

  #event({ keys, payloads, times }: Entries, at: number): SeriesEvent | undefined {
    const key = keys[at]!;
    const series = this.series(key);
    if (series === undefined) return undefined;
    const payload = payloads[at];
    const updatedAt = times[at]!;
    const sound = payload === undefined ? undefined : this.#checked(key, payload, updatedAt);
    const point = sound === undefined ? undefined : pointOfPayload(series, key, sound, updatedAt);
    return point === undefined ? { deleted: true, seriesId: key } : { point };
  }

  #rejectKey(key: string): void {
    this.#onMalformed(isNamed(key) ? 'invalid_labels' : 'invalid_name', describeSubject(key));
  }

  /** A payload; undefined if it or its time was rejected. */
  #checked(key: string, payload: Payload, time: number): Payload | undefined {
    const isSound = typeof payload === 'number' || isSoundPayload(key, payload);
    if (isSound && Number.isFinite(time)) return payload;
    this.#onMalformed(isSound ? 'invalid_updated_at' : 'invalid_value', key.slice(0, 200));
    return undefined;
  }
}

/** Reads metadata; undefined if it is not exactly what `setFamilies` writes. */
function parseFamily(name: string, text: string): FamilyMetadata | undefined {
  try {
    const { byName, faults } = catalogFamilies([JSON.parse(text)]);
    return faults.length === 0 ? byName.get(name) : undefined;
  } catch {
    return undefined;
  }
}

/** What a snapshot reads. */
export interface SnapshotSource {
  /** Opens a frame for one iteration. */
  readonly open: () => Awaitable<DriverFrame>;
  /** Throws if the iteration must not go on. It is called for each point. */
  readonly check: () => void;
  readonly reader: EntryReader;
}

/** A snapshot each iteration of which is a still frame of its own. */
class FrameSnapshot {
  protected readonly source: SnapshotSource;
  protected frame: DriverFrame | undefined;

  constructor(source: SnapshotSource) {
    this.source = source;
  }

  /** The cursor of exactly the points of the latest iteration; undefined before the first one. */
  get cursor(): string | undefined {
    return this.frame?.cursor;
  }
}

/** A snapshot over a driver that returns no promises. */
export class SyncSnapshot extends FrameSnapshot implements Iterable<SnapshotPoint> {
  [Symbol.iterator](): Generator<SnapshotPoint, void, undefined> {
    // Here, not in the generator: the frame is of now, not of when the first point is asked for.
    this.frame = this.source.open() as DriverFrame;
    return this.#points(this.frame);
  }

  *#points(frame: DriverFrame): Generator<SnapshotPoint, void, undefined> {
    const { reader, check } = this.source;
    try {
      for (const page of frame.pages as Iterable<Entries>) {
        for (const point of reader.points(page)) {
          check();
          yield point;
        }
      }
    } finally {
      frame.close();
    }
  }
}

/** A snapshot over any driver. */
export class AsyncSnapshot extends FrameSnapshot implements AsyncIterable<SnapshotPoint> {
  [Symbol.asyncIterator](): AsyncIterator<SnapshotPoint, void> {
    const pages = this.#pages();
    let points: Iterator<SnapshotPoint, void> = [].values();
    let turning: Promise<IteratorResult<unknown, void>> | undefined;
    // Once for all callers that wait for it: `next` may be called again before it has settled.
    const turn = async (): Promise<IteratorResult<unknown, void>> => {
      try {
        const page = await pages.next();
        if (page.done !== true) points = page.value;
        return page;
      } finally {
        turning = undefined;
      }
    };
    const end = async (): Promise<{ done: true; value: undefined }> => {
      points = [].values();
      await pages.return();
      return { done: true, value: undefined };
    };
    return {
      // Not a generator, in which each point takes three turns of the microtask queue.
      next: async () => {
        for (;;) {
          try {
            this.source.check();
          } catch (error) {
            // An iteration that fails is not returned by its consumer.
            await end();
            throw error;
          }
          const point = points.next();
          if (point.done !== true) return point;
          turning ??= turn();
          const page = await turning;
          if (page.done === true) return page;
        }
      },
      return: end,
    };
  }

  async *#pages(): AsyncGenerator<Iterator<SnapshotPoint, void>, void> {
    const frame = await this.source.open();
    this.frame = frame;
    try {
      for await (const page of frame.pages) yield this.source.reader.points(page);
    } finally {
      frame.close();
    }
  }
}
