import { isLabelName, isMetricName } from './names.ts';

/** Every {@link EscapingScheme}. */
export const ESCAPING_SCHEMES = ['allow-utf-8', 'underscores', 'dots', 'values'] as const;

/** How names that are not legal in the classic grammar are written for a scraper. */
export type EscapingScheme = (typeof ESCAPING_SCHEMES)[number];

/** Names of metrics may have colons, names of labels may not. */
export type NameKind = 'metric' | 'label';

const VALUES_PREFIX = 'U__';

/**
 * Writes a name by a scheme, as Go's encoders do; a name that is legal already stays.
 *
 * It departs from Go for labels: Go lets a colon pass in their names, and Prometheus then fails the
 * scrape.
 */
export function escapeName(name: string, scheme: EscapingScheme, kind: NameKind): string {
  const isLegal = kind === 'metric' ? isMetricName : isLabelName;
  if (scheme === 'allow-utf-8' || isLegal(name)) return name;
  let escaped = scheme === 'values' ? VALUES_PREFIX : '';
  let isFirst = true;
  for (const character of name) {
    // A digit is legal behind another character.
    const isSound = isLegal(isFirst ? character : `_${character}`);
    escaped += escapeCharacter(character, scheme, isSound);
    isFirst = false;
  }
  return escaped;
}

function escapeCharacter(
  character: string,
  scheme: Exclude<EscapingScheme, 'allow-utf-8'>,
  isSound: boolean,
): string {
  if (scheme === 'underscores') return isSound ? character : '_';
  if (character === '_') return '__';
  if (isSound) return character;
  if (scheme === 'dots') return character === '.' ? '_dot_' : '__';
  const code = character.codePointAt(0)!;
  return code >= 0xd800 && code < 0xe000 ? '_FFFD_' : `_${code.toString(16)}_`;
}

const VALUES_ESCAPE = /_(?:_|([0-9a-fA-F]{1,6})_)?/g;
const LAST_CODE_POINT = 0x10ffff;

/**
 * Reads a name that was written by the scheme `values`; one that was not is returned as it is.
 *
 * Unlike Go's reader it reads code points of six digits too.
 */
export function unescapeValuesName(escaped: string): string {
  if (!escaped.startsWith(VALUES_PREFIX)) return escaped;
  let isSound = true;
  const name = escaped
    .slice(VALUES_PREFIX.length)
    .replace(VALUES_ESCAPE, (text, digits?: string) => {
      if (text === '__') return '_';
      const code = Number.parseInt(digits ?? '', 16);
      const isCharacter = code <= LAST_CODE_POINT && !(code >= 0xd800 && code < 0xe000);
      isSound &&= isCharacter;
      return isCharacter ? String.fromCodePoint(code) : text;
    });
  return isSound ? name : escaped;
}
