import type { Random } from '../../support/random-bytes.ts';
import { PARTS } from './parts.ts';

/** One of the choices. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)]!;
}

const NAMES = PARTS.names;
const ODD_NAMES = PARTS.oddNames;
const TYPES = PARTS.types;
const ODD_TYPES = PARTS.oddTypes;
const HELPS = PARTS.helps;
const VALUES = PARTS.values;
const COUNTS = PARTS.counts;
const ODD_VALUES = PARTS.oddValues;
const LABELS = PARTS.labels;
const ODD_LABELS = PARTS.oddLabels;

/** The text of a page to push: nearly always a good one. */
export function textPage(random: Random): Buffer {
  if (random(25) === 0)
    return Buffer.from(
      pick(random, ['', '\n', ' ', '# x\n', '#\n', '# EOF\n', '# TYPE\n', '\t\n']),
    );
  const families = Array.from({ length: 1 + random(3) }, () => familyLines(random));
  let lines = families.flat();
  if (random(12) === 0) lines = withOddLine(random, lines);
  let text = `${lines.join('\n')}\n`;
  const end = random(60);
  if (end === 0) text = text.slice(0, -1);
  else if (end === 1) text = text.replaceAll('\n', '\r\n');
  else if (end === 2) text = text.replaceAll(' ', '  ');
  else if (end === 3) text = `\ufeff${text}`;
  else if (end === 4) text += '# EOF\n';
  const bytes = Buffer.from(text);
  if (random(40) === 0)
    bytes[random(bytes.length)] = pick(random, [0xff, 0xc3, 0, 0x80, 10, 32, 34, 92]);
  return bytes;
}

function familyLines(random: Random): readonly string[] {
  const rarely = (often: readonly string[], odd: readonly string[]): string =>
    pick(random, random(30) === 0 ? odd : often);
  const name = rarely(NAMES, ODD_NAMES);
  const type = name === 'h' ? 'histogram' : name === 's' ? 'summary' : rarely(TYPES, ODD_TYPES);
  const lines: string[] = [];
  if (random(2) === 0) lines.push(`# HELP ${name} ${rarely(HELPS.slice(0, 3), HELPS)}`);
  const isTyped = random(8) > 0;
  if (isTyped) lines.push(`# TYPE ${name} ${type}`);
  for (let i = random(4); i >= 0; i--) {
    const labels = rarely(LABELS, ODD_LABELS);
    const value = rarely(VALUES, ODD_VALUES);
    const sample = (suffix: string, own: string, text: string): void => {
      const all = [labels, own].filter((part) => part !== '').join();
      lines.push(`${name}${suffix}${all === '' ? '' : `{${all}}`} ${text}`);
    };
    if (isTyped && type === 'histogram') {
      for (const bound of pick(random, [
        ['1', '+Inf'],
        ['1', '2.50', '+Inf'],
        ['2', '1'],
        [],
        ['NaN'],
        ['+Inf'],
      ])) {
        sample('_bucket', `le="${bound}"`, pick(random, COUNTS));
      }
      if (random(6) > 0) sample('_sum', '', value);
      if (random(6) > 0) sample('_count', '', pick(random, COUNTS));
    } else if (isTyped && type === 'summary') {
      for (const bound of pick(random, [
        ['0.5', '0.99'],
        ['0.9', '0.5'],
        [],
        ['x'],
        ['NaN'],
        ['0.5', '0.5'],
      ])) {
        sample('', `quantile="${bound}"`, value);
      }
      if (random(6) > 0) sample('_sum', '', value);
      if (random(6) > 0) sample('_count', '', pick(random, ['1', '3', '0', '2.5', '1e19', value]));
    } else sample('', '', value);
  }
  return lines;
}

function withOddLine(random: Random, lines: readonly string[]): string[] {
  const odd = pick(random, PARTS.oddLines);
  const at = random(lines.length + 1);
  return [...lines.slice(0, at), odd, ...lines.slice(at)];
}

const PROTOBUF_NAMES = PARTS.protobufNames;
const PROTOBUF_LABELS = PARTS.protobufLabels;

/** A page of delimited protobuf messages to push. */
export function protobufPage(random: Random): Buffer {
  const messages = Array.from({ length: random(4) }, () => protobufFamily(random));
  const page = Buffer.concat(messages.flatMap((message) => [varint(message.length), message]));
  const end = random(12);
  if (end === 0 && page.length > 0) return page.subarray(0, random(page.length));
  if (end === 1 && page.length > 0) page[random(page.length)] = random(256);
  return page;
}

function protobufFamily(random: Random): Buffer {
  const name = pick(random, random(4) === 0 ? PROTOBUF_NAMES : ['a', 'b', 'h', 's']);
  const usual = { h: 4, s: 2 }[name] ?? random(2);
  const type = random(8) === 0 ? random(7) : usual;
  const metrics = Array.from({ length: random(4) }, () => {
    const labels = Array.from({ length: random(3) }, () =>
      pick(random, random(4) === 0 ? PROTOBUF_LABELS : PROTOBUF_LABELS.slice(0, 3)),
    );
    const valued = random(10) === 0 ? random(7) : type;
    return Buffer.concat([
      ...labels.map(([label, value]) => field(1, Buffer.concat([text(1, label), text(2, value)]))),
      protobufValue(random, valued),
      ...(random(20) === 0 ? [Buffer.from([0x30, random(3)])] : []),
    ]);
  });
  return Buffer.concat([
    ...(random(30) === 0 ? [] : [text(1, name)]),
    ...(random(2) === 0 ? [text(2, pick(random, ['Help.', 'Other help.', '', 'a\n\\']))] : []),
    ...(random(30) === 0 ? [] : [Buffer.from([0x18, type])]),
    ...metrics.map((metric) => field(4, metric)),
    ...(random(20) === 0 ? [text(5, 'seconds')] : []),
  ]);
}

const VALUE_FIELDS: readonly number[] = [3, 2, 4, 5, 7, 7, 3];

function protobufValue(random: Random, type: number): Buffer {
  const value = Number(pick(random, VALUES.slice(0, 8)));
  const at = VALUE_FIELDS[type]!;
  if (random(20) === 0) return field(at, Buffer.alloc(0));
  if (at !== 4 && at !== 7) return field(at, double(1, value));
  const parts = Array.from({ length: random(3) }, (_, i) => {
    const bound = double(at === 4 ? 1 : 2, random(8) === 0 ? Number.POSITIVE_INFINITY : i / 2);
    const amount = at === 4 ? double(2, value) : Buffer.from([8, i + random(3)]);
    return field(3, Buffer.concat(random(2) === 0 ? [bound, amount] : [amount, bound]));
  });
  return field(at, Buffer.concat([Buffer.from([8, random(5)]), double(2, value), ...parts]));
}

function text(at: number, value: string): Buffer {
  return field(at, Buffer.from(value));
}

function field(at: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([at * 8 + 2]), varint(value.length), value]);
}

function double(at: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = at * 8 + 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 127) | 128, value >> 7]);
}
