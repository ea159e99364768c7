// Control characters, and format characters: those that hide text or change its direction.
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * A text of a page that a terminal shows and does not act on: control characters become escapes.
 */
export function plain(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0)!;
    if (code === 9) return '\\t';
    if (code === 10) return '\\n';
    if (code === 13) return '\\r';
    const digits = code.toString(16);
    return code < 256 ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits}}`;
  });
}

/** A value as JSON of many lines, in which such characters are escapes too. */
export function plainJson(value: unknown): string {
  // The only line feeds are those between the lines.
  const text = JSON.stringify(value, null, 2).replace(UNSAFE, (character) =>
    character === '\n' ? character : unitsOf(character),
  );
  return `${text}\n`;
}

function unitsOf(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
