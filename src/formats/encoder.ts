import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { NamePlan } from './name-plan.ts';

/** A family to write: what is declared of it, and its name as its points carry it. */
export interface EncodedFamily {
  readonly name: string;
  /** Undefined for a family without a declaration, which is a gauge then. */
  readonly metadata: FamilyMetadata | undefined;
}

/** Lines of a family. */
export interface EncodedLines {
  readonly text: Buffer;
}

/** A family to write with its lines. */
export interface WholeFamily extends EncodedFamily {
  /** In order. They are taken one by one, unless they are an array. */
  readonly chunks: Iterable<EncodedLines>;
}

/** One family of a page: its head, the bodies of its chunks in order, and its foot. */
export interface Section {
  /**
   * What stands before the lines.
   *
   * @param bodyBytes - how long all bodies are together; undefined if they are made after the head.
   */
  head(bodyBytes?: number): string;
  /** The lines of a chunk; its own text by reference if the format writes them as they are. */
  body(lines: EncodedLines): Buffer;
  /** What stands behind the lines; mostly nothing. */
  readonly foot: string;
}

/**
 * Writes pages in one format. All that is particular to a format is known here and nowhere else.
 */
export interface Encoder {
  /** The media type, in lower case. */
  readonly mediaType: string;
  /** Projects a family to the families that the format has for it, in order; at least one. */
  sections(family: EncodedFamily, plan: NamePlan): readonly Section[];
  /** What stands at the end of a page. */
  readonly pageEnd: string;
}

/** A section of numbers: their lines are the same in all text formats, and shared by reference. */
export function numberSection(head: () => string): Section {
  return { head, body: ({ text }) => text, foot: '' };
}

/**
 * Escapes the text of HELP: backslashes, line feeds, and double quotes if the format wants that.
 */
export function escapeHelp(help: string, quotes: boolean): string {
  return help.replace(quotes ? /["\\\n]/g : /[\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

/** Writes a family: its texts in the order of the page. */
export function* familyTexts(
  encoder: Encoder,
  family: WholeFamily,
  plan: NamePlan,
): Generator<string | Buffer, void, undefined> {
  for (const section of encoder.sections(family, plan)) {
    const { chunks } = family;
    const bodies = Array.isArray(chunks) ? chunks.map((chunk) => section.body(chunk)) : undefined;
    yield section.head(bodies?.reduce((sum: number, { length }: Buffer) => sum + length, 0));
    if (bodies !== undefined) yield* bodies;
    else for (const chunk of chunks) yield section.body(chunk);
    if (section.foot !== '') yield section.foot;
  }
}
