import type { EncodedLines } from '../encoder.ts';
import type { TemplateLines } from './line-plan.ts';

/** What is known of a text whose lines keep their ids from page to page. */
export interface Template {
  /** The same object as that of an earlier text only if all but values is the same. */
  readonly ids: object;
  /** Where the lines and their ids end. */
  readonly lines: () => Omit<TemplateLines, 'text'>;
}

/** Some text of a page. */
export interface Piece {
  readonly text: Buffer;
  /** Undefined if nothing is known of its lines. */
  readonly template?: Template | undefined;
}

/** What is known of lines. */
export function templateOf({ ids, lineEnd, idEnd }: EncodedLines): Template | undefined {
  if (ids === undefined || lineEnd === undefined || idEnd === undefined) return undefined;
  return { ids, lines: () => ({ lineEnd, idEnd }) };
}

/** What stays the same object for as long as all but values of a text is the same. */
export function identityOf({ text, template }: Piece): object {
  return template?.ids ?? text;
}

/**
 * What is known of a text that was joined from parts; undefined if none of them has lines.
 *
 * @param before - of an earlier text whose parts had the same identities.
 */
export function templateOfParts(
  parts: readonly Piece[],
  before: Template | undefined,
): Template | undefined {
  if (!parts.some(({ template }) => template !== undefined)) return undefined;
  return { ids: before?.ids ?? {}, lines: () => joinedLines(parts) };
}

function joinedLines(parts: readonly Piece[]): Omit<TemplateLines, 'text'> {
  let count = 0;
  for (const { template } of parts) count += template?.lines().lineEnd.length ?? 1;
  const joined = { lineEnd: new Uint32Array(count), idEnd: new Uint32Array(count) };
  let line = 0;
  let start = 0;
  for (const { text, template } of parts) {
    const lines = template?.lines();
    const { length } = text;
    // Other text is all the same as long as it is the same object: a line without a value.
    for (let i = 0; i < (lines?.lineEnd.length ?? 1); i++, line++) {
      joined.lineEnd[line] = start + (lines?.lineEnd[i] ?? length);
      joined.idEnd[line] = start + (lines?.idEnd[i] ?? length - 1);
    }
    start += length;
  }
  return joined;
}
