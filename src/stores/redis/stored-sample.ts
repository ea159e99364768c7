import type { Entries, Payload } from '../../model/entries.ts';

/**
 * How a sample is written in the store: its time and value in decimals that read back to the same
 * doubles, with a space between them. Before any other payload stands `=`.
 *
 * @param owner - the name of the group that owns the series, which follows the time and `@`.
 */
export function formatSample(payload: Payload, updatedAt: number, owner?: string): string {
  const time = decimal(updatedAt) + (owner === undefined ? '' : `@${owner}`);
  return typeof payload === 'number' ? `${time} ${decimal(payload)}` : `${time}=${payload}`;
}

function decimal(number: number): string {
  // The shortest form of -0 that JavaScript knows is `0`, which would lose the sign.
  return Object.is(number, -0) ? '-0' : String(number);
}

const OTHER_SAMPLE = /^([^ =@]+)(?:@[\w-]+)?([ =])(.+)$/s;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/**
 * Reads ids and texts in turn as entries. In the log an empty text is an end. Others may have
 * written there: what is no time becomes NaN, and what is no number becomes an empty text; the
 * front rejects both.
 */
export function readSamples(lines: readonly string[], place: 'bucket' | 'log'): Entries {
  const keys: string[] = [];
  const payloads: (Payload | undefined)[] = [];
  const times: number[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const text = lines[i + 1]!;
    keys.push(lines[i]!);
    if (place === 'log' && text === '') {
      payloads.push(undefined);
      times.push(0);
      continue;
    }
    // Most are numbers without an owner: a space follows their time.
    const space = text.indexOf(' ');
    const time = readDecimal(text.slice(0, Math.max(0, space)));
    if (time === undefined) {
      const [, timeText = '', separator, rest = ''] = OTHER_SAMPLE.exec(text) ?? [];
      const otherTime = readDecimal(timeText);
      payloads.push(otherTime === undefined ? 0 : separator === '=' ? rest : readValue(rest));
      times.push(otherTime ?? Number.NaN);
    } else {
      payloads.push(readValue(text.slice(space + 1)));
      times.push(time);
    }
  }
  return { keys, payloads, times };
}

/**
 * Reads a decimal number: exactly what `timeOf` of the scripts reads, or sweeps would miss samples.
 */
function readDecimal(text: string): number | undefined {
  const first = text.charCodeAt(0);
  if (!isDigit(first === MINUS ? text.charCodeAt(1) : first)) return undefined;
  if (first === ZERO && text.length > 1 && !/^0[\d.e]/.test(text)) return undefined;
  const last = text.charCodeAt(text.length - 1);
  if ((!isDigit(last) && last !== POINT) || text.includes('E')) return undefined;
  const number = Number(text);
  return Number.isNaN(number) ? undefined : number;
}

function readValue(text: string): Payload {
  switch (text) {
    case 'NaN':
      return Number.NaN;
    case 'Infinity':
      return Number.POSITIVE_INFINITY;
    case '-Infinity':
      return Number.NEGATIVE_INFINITY;
    default:
      return readDecimal(text) ?? '';
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}
