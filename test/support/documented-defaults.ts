import { readFileSync } from 'node:fs';

/** What the comment of each field of an options interface says behind "Default". */
export function documentedDefaults(file: URL, type: string): ReadonlyMap<string, string> {
  const text = readFileSync(file, 'utf8');
  const start = text.indexOf(`export interface ${type} {`);
  const body = text.slice(start, text.indexOf('\n}', start));
  const defaults = new Map<string, string>();
  for (const [, comment, field] of body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)\?:/g)) {
    const prose = comment!.replace(/\s*\n\s*\* ?/g, ' ');
    const said = /\bDefault:? (.*?)(?:[;,:.](?: |$)|$)/.exec(prose.trim());
    defaults.set(field!, said?.[1] ?? 'nothing');
  }
  return defaults;
}

/** A value as it is written behind "Default" in a comment. */
export function asDocumented(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) {
    return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
  }
  if (Array.isArray(value)) return `\`[${value.map((item) => `'${String(item)}'`).join(', ')}]\``;
  return typeof value === 'string' || typeof value === 'number' ? `\`${value}\`` : String(value);
}
