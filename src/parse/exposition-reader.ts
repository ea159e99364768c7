import type { ExpositionFormat, ParsingRules } from './exposition.ts';
import type { FaultLog, Place } from './fault-log.ts';
import type { ReadPart } from './page-reader.ts';

/** How a page is read, with every value in place. */
export interface ReaderSettings {
  readonly format: ExpositionFormat;
  readonly rules: ParsingRules;
  readonly maxBytes: number;
  readonly maxLineBytes: number;
  readonly maxLines: number;
  readonly maxFamilies: number;
  readonly maxLabels: number;
  readonly maxFaults: number;
  /** Rules that are left out; none by default. */
  readonly ignored?: ReadonlySet<string>;
}

/** Reads a page in pieces, in memory that does not grow with the page. */
export interface ExpositionReader {
  /** What breaks the rules so far. */
  readonly log: FaultLog;
  /** Takes the next bytes. */
  write(bytes: Buffer): void;
  /** Says that there are no more bytes. */
  end(): void;
  /** Hands out what has been read since the last call. */
  take(): ReadPart;
}

/** Is told where each metadata line and sample with a name is, in text formats. */
export type NameListener = (name: string, place: Place) => void;
