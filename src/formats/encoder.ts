import type { FamilyMetadata, FamilyType } from '../model/family-metadata.ts';

/** A family of the source or of the exporter's own: its name as its points carry it. */
export interface EncodedFamily {
  readonly name: string;
  /** Undefined for a family without a declaration, which is a gauge then. */
  readonly metadata: FamilyMetadata | undefined;
  /** All chunks of an info or a state set of which only some lines are written. */
  readonly whole?: readonly EncodedLines[] | undefined;
}

/** Lines of a family, each `key value\n`. */
export interface EncodedLines {
  readonly text: Buffer;
  /** What stands behind the value of each line; undefined if no line has anything there. */
  readonly tails?: readonly (string | undefined)[] | undefined;
  /**
   * The same object as that of earlier lines only if all ids are the same; undefined if that is
   * not known.
   */
  readonly ids?: object | undefined;
  /** Where each line and its id end, if that is known. */
  readonly lineEnd?: Uint32Array | undefined;
  readonly idEnd?: Uint32Array | undefined;
}

/** Lines of which it is known where each ends, and its id. */
export interface IndexedLines extends EncodedLines {
  readonly lineEnd: Uint32Array;
  readonly idEnd: Uint32Array;
}

/** A family to write with its lines. */
export interface WholeFamily extends EncodedFamily {
  /** In order. They are taken one by one, unless they are an array. */
  readonly chunks: Iterable<EncodedLines>;
}

/** How a family is exposed. */
export interface ExposedName {
  /** The name as it is escaped. */
  readonly name: string;
  readonly type: FamilyType;
  /** The type in OpenMetrics 1, which cannot call each family what it is. */
  readonly openMetricsType: FamilyType;
}

/** A family as encoders get it: its names, and those in its lines, are escaped. */
export interface ExposedFamily extends ExposedName {
  readonly help: string | undefined;
  readonly unit: string | undefined;
}

/** One family of a page: its head, the bodies of its chunks in order, and its foot. */
export interface Section {
  /**
   * What stands before the lines.
   *
   * @param bodyBytes - how long all bodies are together, if the encoder asks for that.
   */
  head(bodyBytes: number): string;
  /** The lines of a chunk; its own text by reference if the format writes them as they are. */
  body(lines: EncodedLines): Buffer;
  /** What stands behind the lines; mostly nothing. */
  readonly foot: string;
  /** Arranges the lines as the format wants them; undefined stands for some work. */
  readonly arrange?: <Lines extends EncodedLines>(
    chunks: readonly Lines[],
  ) => Generator<undefined, readonly (Lines | IndexedLines)[], undefined>;
}

/**
 * Writes pages in one format. All that is particular to a format is known here and nowhere else.
 */
export interface Encoder {
  /** How the strings of sections become bytes: text, or bytes as characters. */
  readonly charset: 'utf8' | 'latin1';
  /** Whether heads need to know how long the bodies are, which are made before them then. */
  readonly needsLength: boolean;
  /** Whether the lines of one metric are to stand together, with one time or none. */
  readonly arrangesMetrics: boolean;
  /** Projects a family to the families that the format has for it, in order. */
  sections(family: ExposedFamily): readonly Section[];
  /** What stands at the end of a page. */
  readonly pageEnd: string;
}
