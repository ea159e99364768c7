import type { ExpositionFormat } from './exposition.ts';

const FORMATS: ReadonlySet<string> = new Set(['text', 'openmetrics', 'openmetrics2', 'protobuf']);
// As Go's mime.ParseMediaType reads them, which Prometheus calls.
const PARAMETER =
  /;\s*([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,100})\s*=\s*(?:"((?:[^"\\\r\n]|\\.){0,200})"|([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,200}))\s*/gy;
const ESCAPE = /\\([()<>@,;:\\"/[\]?=])/g;

/**
 * The format of a page by its Content-Type, as a Prometheus server tells it: the media type
 * decides, and of OpenMetrics the version 2.0.0 alone is version 2. Returns undefined for another
 * type.
 *
 * @param contentType - the value of the header.
 */
export function formatOfContentType(contentType: string): ExpositionFormat | undefined {
  if (contentType.length > 4096) return undefined;
  const semicolon = contentType.indexOf(';');
  const mediaType = (semicolon < 0 ? contentType : contentType.slice(0, semicolon))
    .trim()
    .toLowerCase();
  const parameters = semicolon < 0 ? new Map() : parametersOf(contentType.slice(semicolon));
  if (parameters === undefined) return undefined;
  if (mediaType === 'text/plain') return 'text';
  if (mediaType === 'application/vnd.google.protobuf') return 'protobuf';
  if (mediaType !== 'application/openmetrics-text') return undefined;
  return parameters.get('version') === '2.0.0' ? 'openmetrics2' : 'openmetrics';
}

/** The format that a name of a format or a Content-Type stands for. */
export function formatOf(format: string): ExpositionFormat | undefined {
  return FORMATS.has(format) ? (format as ExpositionFormat) : formatOfContentType(format);
}

/** Parameters by name; undefined if they cannot be read or one has two values. */
function parametersOf(text: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    if (text.slice(at).trim() === '' || text.slice(at).trim() === ';') break;
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    if (match === null) return undefined;
    const name = match[1]!.toLowerCase();
    const value = match[2]?.replace(ESCAPE, '$1') ?? match[3]!;
    if (parameters.has(name) && parameters.get(name) !== value) return undefined;
    parameters.set(name, value);
    at = PARAMETER.lastIndex;
  }
  return parameters;
}

/**
 * The format of a page that came without a Content-Type: text, unless it ends as OpenMetrics does
 * or is binary. Version 2 of OpenMetrics cannot be told from version 1, which is assumed.
 *
 * @param head - the first bytes, 8 or more if there are as many.
 * @param tail - the last bytes, 8 or more if there are as many.
 */
export function formatOfBytes(head: Uint8Array, tail: Uint8Array): ExpositionFormat {
  const end = Buffer.from(tail.subarray(-8)).toString('latin1');
  if (/(?:^|\n)# EOF\r?\n?$/.test(end)) return 'openmetrics';
  // A message begins with its length, in at most five bytes, and the tag and length of a name.
  let at = 0;
  while (at < 5 && head[at] !== undefined && head[at]! >= 0x80) at++;
  const isMessage = head[at + 1] === 0x0a && head[at + 2] !== undefined;
  const isText = head.subarray(0, at + 1).every((byte) => byte >= 0x20 && byte < 0x7f);
  return isMessage && !(isText && head[at + 2]! >= 0x20) ? 'protobuf' : 'text';
}
