import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml';
import { SnapscrapeError } from '../model/errors.ts';
import type { Place, WebConfigFaults } from './faults.ts';

/** A YAML text, taken apart. */
export interface ParsedYaml {
  /** Undefined when the text is no YAML: the faults say why. */
  readonly document: Document | undefined;
  /** The place of an offset in the text. */
  readonly placeOf: (offset: number) => Place;
}

// The right depth is four maps and lists, each of which the parser counts once or twice. Thousands would
// end the stack of the composer, at times inside V8, where nothing can catch it.
const DEEPEST = 32;

/**
 * Parses a text of one YAML document of which every scalar stays a string.
 *
 * The library's own texts would quote the file, and secrets with it: only their codes are told.
 */
export function parseYaml(text: string, faults: WebConfigFaults): ParsedYaml {
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  try {
    const [document, second] = documentsOf(text, lines);
    const wrong = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
    for (const { code, pos } of wrong) {
      faults.add(placeOf(pos[0]), `is not YAML that is read here (${code}); correct it`);
    }
    if (second !== undefined) {
      faults.add(placeOf(second.range[0]), 'begins a second document; keep one in a file');
    }
    const isSound = wrong.length === 0 && second === undefined;
    return { document: isSound ? document : undefined, placeOf };
  } catch (cause) {
    faults.add(undefined, cause instanceof SnapscrapeError ? cause.message : 'is no YAML', cause);
    return { document: undefined, placeOf };
  }
}

/** The first two documents; the rest is not looked at. */
function documentsOf(text: string, lines: LineCounter): Document.Parsed[] {
  const parser = new Parser(lines.addNewLine);
  // Pairs of keys are compared by the library one with each other: YamlFields finds duplicates itself.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
  const documents: Document.Parsed[] = [];
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
    if (documents.length > 1) return documents;
    if (parser.stack.length > DEEPEST) {
      throw new SnapscrapeError(
        'invalid_web_config',
        'is nested too deeply; four levels are enough',
      );
    }
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end(true, text.length));
  return documents;
}
