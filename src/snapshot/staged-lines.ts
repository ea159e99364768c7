import { type ChunkIndex, newIndex } from './chunk-index.ts';
import { LinePlaces } from './line-places.ts';
import { tailOf } from './payload-text.ts';
import type { Snapshot } from './snapshot.ts';

/** What a read said of the lines of one chunk, by line. */
export class StagedChunk {
  /** How many of the lines were named. */
  named = 0;
  /** Values and times for the next chunk, which takes this memory over if all lines were named. */
  readonly index: ChunkIndex;
  /** Payloads that are texts, at their lines; undefined while there are none. */
  texts: (string | undefined)[] | undefined;

  constructor(lines: number) {
    this.index = newIndex(lines);
    // Times from outside are finite, so NaN can mean a line that was not named.
    this.index.updatedAt.fill(Number.NaN);
  }

  /** Whether a line was named. */
  has(line: number): boolean {
    return !Number.isNaN(this.index.updatedAt[line]);
  }

  /** The payload of a line if that is a text. */
  text(line: number): string | undefined {
    return this.texts?.[line];
  }

  /** Gives a line the payload that is a text, or takes it away. */
  setText(line: number, text: string | undefined): void {
    this.texts ??= new Array<string | undefined>(this.index.values.length).fill(undefined);
    this.texts[line] = text;
  }

  /** What stands behind the value of a line. */
  tail(line: number): string | undefined {
    const text = this.text(line);
    return text === undefined ? undefined : tailOf(text);
  }
}

/**
 * What a read said of the lines of the snapshot before it: columns by chunk, made when the
 * first line of a chunk is named. The snapshot is not touched.
 */
export class StagedLines {
  readonly places: LinePlaces;
  /** The lines that were named once more, each as often as that. */
  readonly repeated: number[] = [];
  /** What was said of each chunk; undefined for nothing. */
  readonly chunks: (StagedChunk | undefined)[];

  readonly #isLog: boolean;

  /** @param isLog - whether of several words on a line the last counts, as a log has an order. */
  constructor(before: Snapshot, isLog: boolean) {
    this.#isLog = isLog;
    this.places = new LinePlaces(before);
    this.chunks = new Array<StagedChunk | undefined>(this.places.chunks.length).fill(undefined);
  }

  /**
   * Notes what the line is that `places` found last. Of several words on a line the newest counts,
   * at a tie the one said last, unless they come from a log.
   *
   * @param text - the payload if that is a text; the value is NaN then.
   */
  put(value: number, text: string | undefined, time: number): void {
    const { chunk, line } = this.places;
    const staged = (this.chunks[chunk] ??= new StagedChunk(this.places.chunks[chunk]!.series));
    const { values, updatedAt } = staged.index;
    if (!staged.has(line)) staged.named++;
    else {
      this.repeated.push(this.places.starts[chunk]! + line);
      if (time < updatedAt[line]! && !this.#isLog) return;
    }
    values[line] = value;
    updatedAt[line] = time;
    if (text !== undefined || staged.texts !== undefined) staged.setText(line, text);
  }
}
