import type { PointAdmission } from '../model/admission.ts';
import type { Payload } from '../model/entries.ts';
import type { FamilyCatalog, FamilyType } from '../model/family-metadata.ts';
import type { KeyLines, KeyPlace } from '../model/key/index.ts';
import { chunkFor } from '../snapshot/chunk.ts';
import type { RefreshWork } from '../snapshot/refresh-work.ts';
import { familyPlace, type Snapshot } from '../snapshot/snapshot.ts';
import { StagedLines } from '../snapshot/staged-lines.ts';
import type { RefreshKind } from './cache-stats.ts';
import { type LineOrder, NO_LINE, PositionLog } from './line-order.ts';

/** A read may search for so many lines, and for one more for every two that it finds. */
const FREE_SEARCHES = 16;

const NO_LINES: KeyLines = {
  text: Buffer.alloc(0),
  lineEnd: new Uint32Array(),
  idEnd: new Uint32Array(),
  ids: {},
};

/** What a read is beside the snapshot before it. */
interface ReadSetting {
  readonly kind: RefreshKind;
  /** In which order it is expected to name the lines. */
  readonly order: LineOrder;
  /** By which numbers of series the order is, if it is; see `SlotEntries`. */
  readonly layout: object | undefined;
  /** The families as they are declared now. */
  readonly catalog: FamilyCatalog;
  readonly work: RefreshWork;
}

/**
 * The series of the snapshot before, as a read names them: each is expected where the last read
 * named it, and staged by its line. A point that agrees with the key of the line costs no string and
 * no search.
 *
 * After a point that does not agree it goes on behind the line that was found, or by one further,
 * or the other way. A delta that agrees too seldom is staged by key from then on, as is one in which
 * a series ends: what is staged by key was always said later than what is staged by line. A full read
 * that agrees too seldom is expected in the order of the lines from then on.
 */
export class KnownLines {
  readonly staged: StagedLines;
  /** The lines of the positions of this read. */
  readonly log: PositionLog;
  readonly #before: Snapshot;
  readonly #catalog: FamilyCatalog;
  readonly #work: RefreshWork;
  /** The types of the families before, as they are declared now; undefined until asked for. */
  readonly #types: (FamilyType | undefined)[];
  readonly #key: KeyPlace;
  /** The position in the last read at which the last line was. */
  #at = -1;
  /** Whether this read goes through the positions forwards, 1, or backwards, -1. */
  #step = 1;
  #positions: ((line: number) => number) | undefined;
  #family = 0;
  readonly #isDelta: boolean;
  readonly #layoutBefore: object | undefined;
  #layout: object | undefined;
  /** The number of the series that the last entry is of; undefined without such numbers. */
  #slot: number | undefined;
  /** Whether lines are still staged by line. */
  #isFollowing: boolean;
  #found = 0;
  #missed = 0;

  constructor(before: Snapshot, { kind, order, layout, catalog, work }: ReadSetting) {
    this.#before = before;
    this.#catalog = catalog;
    this.#work = work;
    this.#isDelta = kind === 'delta';
    this.#layoutBefore = layout;
    this.#isFollowing = this.#isDelta || before.series > 0;
    this.staged = new StagedLines(before, this.#isDelta);
    this.log = new PositionLog(order, before.series);
    this.#key = { name: '', lines: NO_LINES, line: 0 };
    this.#types = new Array<FamilyType | undefined>(before.families.length).fill(undefined);
  }

  /**
   * Stages a point if it is a plain number of the series that is expected next; returns whether it
   * was. If not, nothing is known of it.
   */
  takeExpected(given: unknown, admission: PointAdmission): boolean {
    const position = this.#at + this.#step;
    const line = this.#isFollowing ? this.log.lineAt(position) : NO_LINE;
    if (line === NO_LINE) return false;
    const { places } = this.staged;
    places.find(line);
    const chunk = places.chunks[places.chunk]!;
    const family = places.familyOf[places.chunk]!;
    const key = this.#key;
    key.name = this.#before.families[family]!.name;
    key.lines = chunk;
    key.line = places.line;
    if (!admission.admitAs(given, key)) return false;
    const { value, updatedAt } = admission;
    if (!this.#isPlain(family, value)) return false;
    this.#at = position;
    this.#found++;
    this.log.add(line);
    this.staged.put(value, undefined, updatedAt);
    return true;
  }

  /**
   * Starts to take entries whose series have numbers. The numbers are their positions.
   *
   * @param layout - what the numbers belong to; see `SlotEntries`.
   */
  turnToSlots(layout: object): void {
    if (this.#slot === undefined) {
      this.#slot = NO_LINE;
      this.#layout = layout;
      this.log.turnToSlots(layout === this.#layoutBefore);
    } else if (layout !== this.#layout) this.#layout = undefined;
  }

  /**
   * By which numbers of series the order after this read is; undefined if it is of no use to the
   * next one, or not by numbers.
   *
   * @param hasMoved - whether a delta added or removed lines.
   */
  layoutAfter(hasMoved: boolean): object | undefined {
    // A delta that named nothing says nothing of the numbers either.
    const isEmpty = this.#slot === undefined && this.log.count === 0;
    if (this.#isDelta && isEmpty && !hasMoved) return this.#layoutBefore;
    // What was staged by key, other than new series, is not known by line.
    return hasMoved && this.#isDelta && !this.#isFollowing ? undefined : this.#layout;
  }

  /**
   * Stages an entry if its series is known by its number and it is a plain number; returns whether
   * it was.
   */
  takeSlot(slot: number, value: number, time: number): boolean {
    const isSame = this.#layout !== undefined && this.#layout === this.#layoutBefore;
    const isKnown = isSame && this.#isFollowing;
    const line = isKnown ? this.log.lineAt(slot) : NO_LINE;
    if (line === NO_LINE) return false;
    const { places } = this.staged;
    places.find(line);
    if (!this.#isPlain(places.familyOf[places.chunk]!, value)) return false;
    this.#found++;
    this.#work.linesBySlot++;
    this.staged.put(value, undefined, time);
    return true;
  }

  /** Sets the number of the next series; undefined if it ended or has no number. */
  turnToSlot(slot: number | undefined): void {
    this.#slot = slot ?? NO_LINE;
    this.#at = this.#slot - this.#step;
  }

  /** The position of the next entry. */
  get position(): number {
    return this.#slot ?? this.log.count;
  }

  /** Notes which line the next entry is of. */
  note(line: number): void {
    if (this.#slot === undefined) this.log.add(line);
    else if (this.#slot !== NO_LINE) this.log.set(this.#slot, line);
  }

  /** Stages nothing more by line; only for a delta. */
  stop(): void {
    this.#isFollowing = false;
  }

  /** Stages a point that was admitted, if the snapshot before has its series; returns whether. */
  take(name: string, id: string, payload: Payload, time: number): boolean {
    if (!this.#isFollowing) return false;
    const line = this.#find(name, id);
    if (line === NO_LINE) return false;
    this.#found++;
    this.note(line);
    if (typeof payload === 'number') this.staged.put(payload, undefined, time);
    else this.staged.put(Number.NaN, payload, time);
    return true;
  }

  /** Whether the type of a family, which is known by a line of it, asks no more of a number. */
  #isPlain(family: number, value: number): boolean {
    const type = (this.#types[family] ??=
      this.#catalog.byName.get(this.#before.families[family]!.name)?.type ?? 'gauge');
    return type === 'gauge' || type === 'unknown' || (type === 'counter' && value >= 0);
  }

  /** The line of a series, which is where `places` is then. */
  #find(name: string, id: string): number {
    const at = this.#at;
    const step = this.#step;
    // As expected; or the one there ended; or the source turned round.
    if (this.#isAt(at + step, id) || this.#isAt(at + 2 * step, id)) return this.#lineHere();
    if (this.#isAt(at - step, id)) {
      this.#step = -step;
      return this.#lineHere();
    }
    if (this.#missed++ > FREE_SEARCHES + this.#found / 2) {
      if (this.#isDelta) {
        this.stop();
        return NO_LINE;
      }
      // A delta in any order may have been the read before.
      if (this.#slot === undefined) {
        this.log.expectLines();
        this.#positions = undefined;
      }
    }
    const line = this.#search(name, id);
    // Numbers say where the next series is expected, and positions are those of all series.
    if (line !== NO_LINE && this.#slot === undefined) {
      this.#positions ??= this.log.positions();
      this.#at = this.#positions(line);
    }
    return line;
  }

  #isAt(position: number, id: string): boolean {
    const line = this.log.lineAt(position);
    if (line === NO_LINE) return false;
    const { places } = this.staged;
    places.find(line);
    if (places.chunks[places.chunk]!.compare(places.line, id) !== 0) return false;
    this.#at = position;
    return true;
  }

  #lineHere(): number {
    const { places } = this.staged;
    return places.starts[places.chunk]! + places.line;
  }

  #search(name: string, id: string): number {
    const family = this.#familyOf(name);
    const chunks = family === undefined ? [] : this.#before.families[family]!.chunks;
    // A family that is only declared has none.
    if (family === undefined || chunks.length === 0) return NO_LINE;
    this.#work.linesSearched++;
    const { places } = this.staged;
    const at = chunkFor(chunks, id, 0);
    const line = chunks[at]!.find(id, 0);
    if (line === chunks[at]!.series || chunks[at]!.compare(line, id) !== 0) return NO_LINE;
    const number = places.starts[places.firstChunks[family]! + at]! + line;
    places.find(number);
    return number;
  }

  #familyOf(name: string): number | undefined {
    const { families } = this.#before;
    if (families[this.#family]?.name === name) return this.#family;
    const place = familyPlace(families, name);
    if (place !== undefined) this.#family = place;
    return place;
  }
}
