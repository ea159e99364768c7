import { type Document, Lexer, LineCounter, Parser, parseDocument, stringify } from 'yaml';
import type { Place, ProblemSink } from './problems.ts';

/** A YAML text, taken apart. */
export interface ParsedYaml {
  /** Undefined if the text is no YAML: the problems say why. */
  readonly document: Document | undefined;
  /** The place of an offset in the text. */
  readonly placeOf: (offset: number) => Place;
}

// Four maps and lists are right, and the parser counts each once or twice. Thousands end the stack
// of the composer, at times inside V8, which then aborts the process.
const DEEPEST = 32;

// The library compares keys of a map in pairs: YamlFields finds duplicates itself, in linear time.
const OPTIONS = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false } as const;

/**
 * Parses a text of one YAML document in which every scalar stays a string.
 *
 * Problems hold the library's codes alone: its texts quote the file, and secrets with it.
 */
export function parseYaml(text: string, problems: ProblemSink): ParsedYaml {
  const lineCounter = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  if (isTooDeep(text)) {
    problems.add(undefined, 'is nested too deeply; four levels are enough');
    return { document: undefined, placeOf };
  }
  const document = parseDocument(text, { ...OPTIONS, lineCounter });
  const wrong = [...document.errors, ...document.warnings];
  for (const { code, pos } of wrong) {
    const isSecond = code === 'MULTIPLE_DOCS';
    const text = isSecond
      ? 'begins a second document; keep one in a file'
      : `is not YAML that is read here (${code}); correct it`;
    problems.add(placeOf(pos[0]), text);
  }
  return { document: wrong.length === 0 ? document : undefined, placeOf };
}

/** Whether a text is nested too deeply to compose. The parser itself needs no stack. */
function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _token of parser.next(lexeme)); // Only the parser's state counts.
    if (parser.stack.length > DEEPEST) return true;
  }
  return false;
}

/** A value as a YAML text. */
export function yamlOf(value: unknown): string {
  return stringify(value);
}
