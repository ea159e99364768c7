import { readdirSync, readFileSync } from 'node:fs';
import { type Random, seeded } from '../support/random-bytes.ts';
import type { Exposition as Page } from './reading.ts';

const VECTORS = new URL('./vectors/', import.meta.url);

/** The formats whose pages are mutated, by the Content-Type that Prometheus chooses a parser by. */
export const MUTATED_FORMATS = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  openmetrics2: 'application/openmetrics-text; version=2.0.0; charset=utf-8',
  protobuf:
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
} as const;

/** A format whose pages are mutated. */
export type MutatedFormat = keyof typeof MUTATED_FORMATS;

const TOKENS: readonly string[] = (
  '# HELP TYPE UNIT EOF counter gauge histogram summary untyped unknown info stateset gaugehistogram ' +
  '_total _bucket _sum _count _created _info _gsum _gcount le="1" le="+Inf" quantile="0.5" { } {} = , " \\ \\n ' +
  '\\" \\\\ # { # {a="b"} st@ st@5 1 0 -1 1.5 NaN -NaN +Inf Inf 1e3 1e400 0x1p-2 1_0 . .5 5. 1763990000.123 ' +
  '1763990000123 9223372036854775808 a b a="b" "a.b" "" __name__ __proto__ é \u{1f600} count: sum: gcount: gsum: ' +
  'bucket:[1:2,+Inf:3] quantile:[0.5:1] schema:0 zero_count:1 zero_threshold:0.1 positive_spans:[0:1] ' +
  'positive_buckets:[1] ['
)
  .split(' ')
  .concat([' ', '  ', '\n', '\t', '\r', '\0', '# TYPE a ', '# HELP a ', '# EOF\n', '\ufeff', '] ']);
const BYTES: readonly number[] = [0xff, 0xc3, 0x80, 0xed, 0xa0];

/** Pages of a format that are known, good ones and bad ones. */
function seedsOf(format: MutatedFormat): readonly Buffer[] {
  const lines = (file: string): Record<string, string>[] =>
    readFileSync(new URL(file, VECTORS), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
  const projected = lines('projections.jsonl')
    .filter(({ contentType }) => contentType?.startsWith(MUTATED_FORMATS[format].slice(0, 45)))
    .map(({ text, hex }) => (text === undefined ? Buffer.from(hex!, 'hex') : Buffer.from(text)));
  if (format === 'protobuf') {
    return [...projected, ...lines('protobuf.jsonl').map(({ hex }) => Buffer.from(hex!, 'hex'))];
  }
  if (format === 'openmetrics2') {
    return [...projected, ...lines('om2.jsonl').map(({ input }) => Buffer.from(input!))];
  }
  const probes = lines('parser-probes.jsonl')
    .filter((probe) => probe.format!.startsWith(format))
    .map(({ input }) => Buffer.from(input!));
  if (format === 'text') return [...projected, ...probes];
  const corpus = new URL('openmetrics/', VECTORS);
  const cases = readdirSync(corpus, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const pages = cases.map(({ name }) => readFileSync(new URL(`${name}/metrics`, corpus)));
  return [...projected, ...probes, ...pages];
}

/** Gives pages that are nearly those which are known: the same ones for a seed. */
export function* mutatedPages(
  format: MutatedFormat,
  seed: number,
): Generator<Page, never, undefined> {
  const random = seeded(seed * 7919 + 17);
  const seeds = seedsOf(format);
  const contentType = MUTATED_FORMATS[format];
  for (;;) {
    let body = seeds[random(seeds.length)]!;
    for (let times = 1 + random(4); times > 0; times--) body = mutated(body, random, seeds);
    yield { contentType, body };
  }
}

function mutated(page: Buffer, random: Random, seeds: readonly Buffer[]): Buffer {
  const at = random(page.length + 1);
  const to = Math.min(page.length, at + 1 + random(random(8) === 0 ? 40 : 3));
  const token = Buffer.from(TOKENS[random(TOKENS.length)]!);
  const other = seeds[random(seeds.length)]!;
  switch (random(11)) {
    case 0:
      return spliced(page, at, to, Buffer.alloc(0));
    case 1:
    case 2:
      return spliced(page, at, at, token);
    case 3:
      return spliced(page, at, to, token);
    case 4:
      return spliced(page, at, at, Buffer.from([BYTES[random(BYTES.length)]!]));
    case 5:
      return spliced(page, at, at + 1, Buffer.from([random(256)]));
    case 6:
      return withLines(page, random);
    case 7:
    case 8:
      return withTwin(page, random);
    case 9:
      return Buffer.concat([page.subarray(0, at), other.subarray(random(other.length + 1))]);
    default:
      // A whole page before another, so that families meet.
      return Buffer.concat([withoutEnd(page), other]);
  }
}

function spliced(page: Buffer, from: number, to: number, by: Buffer): Buffer {
  return Buffer.concat([page.subarray(0, from), by, page.subarray(to)]);
}

function withoutEnd(page: Buffer): Buffer {
  return page.toString('latin1').endsWith('# EOF\n') ? page.subarray(0, -6) : page;
}

/** Moves, doubles or drops a line. */
function withLines(page: Buffer, random: Random): Buffer {
  const lines = page.toString('latin1').split('\n');
  const [line] = lines.splice(random(lines.length), 1);
  for (let times = random(3); times > 0; times--) lines.splice(random(lines.length + 1), 0, line!);
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** Puts a changed copy behind a line: what has been remembered of the line does not hold for it. */
function withTwin(page: Buffer, random: Random): Buffer {
  const lines = page.toString('latin1').split('\n');
  const at = random(lines.length);
  const line = Buffer.from(lines[at]!, 'latin1');
  const from = random(line.length + 1);
  const token = Buffer.from(TOKENS[random(TOKENS.length)]!);
  const change = [
    () => Buffer.from(lines[at]!.replaceAll('"', ''), 'latin1'),
    () => Buffer.from(lines[at]!.replace(/^\{"([^"]*)",?/, '$1{'), 'latin1'),
    () => spliced(line, from, from + random(3), token),
    () => spliced(line, from, from + 1 + random(2), Buffer.alloc(0)),
    () => spliced(line, from, from, line.subarray(from, from + random(20))),
  ][random(5)]!;
  lines.splice(at + 1, 0, change().toString('latin1'));
  return Buffer.from(lines.join('\n'), 'latin1');
}
