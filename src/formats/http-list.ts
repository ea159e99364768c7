/**
 * One member of a header such as `Accept`: a value with parameters, all without surrounding spaces.
 */
export interface HeaderMember {
  /** The value, in lower case. */
  readonly value: string;
  /** The first of each parameter, names in lower case, without `q`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The weight, from 0 to 1; 1 where there is none or it cannot be read. */
  readonly q: number;
}

/**
 * Reads a list header with weights (RFC 9110, 5.6 and 12.4.2): one pass, in time proportional to
 * its length, whatever it holds. Members without a value are left out.
 */
export function parseHeaderList(header: string): readonly HeaderMember[] {
  const members: HeaderMember[] = [];
  for (const member of splitOutsideQuotes(header, ',')) {
    const [value = '', ...parts] = splitOutsideQuotes(member, ';');
    const trimmed = value.trim().toLowerCase();
    if (trimmed !== '') members.push({ value: trimmed, ...readParameters(parts) });
  }
  return members;
}

function readParameters(parts: readonly string[]): Pick<HeaderMember, 'parameters' | 'q'> {
  const parameters = new Map<string, string>();
  let q = 1;
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    const value = unquote(part.slice(equals + 1).trim());
    if (name === 'q') q = readWeight(value);
    else if (!parameters.has(name)) parameters.set(name, value);
  }
  return { parameters, q };
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function readWeight(text: string): number {
  // Prometheus 2.49.0 sent q=2: a weight out of bounds means the bound.
  return DECIMAL.test(text) ? Math.min(1, Math.max(0, Number(text))) : 1;
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replace(/\\(.)/g, '$1');
}

function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') isQuoted = !isQuoted;
    else if (c === '\\' && isQuoted) i++;
    else if (c === separator && !isQuoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
