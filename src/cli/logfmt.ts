import { loggableText } from '../logging/error-text.ts';

const PLAIN = /^[\w.:/[\]%@+*-]+$/;
// What begins a new line, or changes how a terminal shows one.
const UNSAFE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

// A label of a client may have any name, which must not end the field or the line.
const NOT_IN_NAMES = /[^\w.:-]/gu;

/** A line of JSON as logfmt: time, level, component and msg first. */
export function logfmtLine(json: string): string {
  const { time, level, component, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const all = Object.entries({ time, level, component, msg, ...fields });
  const nameText = (name: string): string => name.replace(NOT_IN_NAMES, '_');
  return all.map(([name, value]) => `${nameText(name)}=${valueText(value)}`).join(' ');
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : loggableText(JSON.stringify(value));
  if (PLAIN.test(text)) return text;
  return JSON.stringify(text).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
