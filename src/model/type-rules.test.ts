import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FamilyType } from './family-metadata.ts';
import { checkPayload } from './payload-check.ts';
import { typeFault } from './type-rules.ts';
import { readPayload } from './value/index.ts';

const HISTOGRAM = '{count:2,sum:1,bucket:[1:1,+Inf:2]}';
const GAUGE_HISTOGRAM = '{gcount:-2,gsum:1,bucket:[1:1,+Inf:-2]}';
const NATIVE = '{count:0,sum:0,schema:3,zero_threshold:0,zero_count:0}';
const SUMMARY = '{count:2,sum:1,quantile:[]}';
const TAIL = ' 1763990000.123 st@1763980000 # {a="b"} 1';

/** What each type may have, under the key `m{m="x"}`. */
const KINDS: Readonly<Record<FamilyType, readonly string[]>> = {
  gauge: ['-1'],
  unknown: ['-1'],
  counter: [],
  info: [],
  stateset: [],
  summary: [SUMMARY],
  histogram: [HISTOGRAM, NATIVE],
  gaugehistogram: [HISTOGRAM, NATIVE, GAUGE_HISTOGRAM],
};

describe.each(Object.entries(KINDS) as [FamilyType, readonly string[]][])('a %s', (type, kinds) => {
  it('has its own kind of value', () => {
    for (const text of [HISTOGRAM, GAUGE_HISTOGRAM, NATIVE, SUMMARY]) {
      const reason = kinds.includes(text) ? undefined : 'type_mismatch';
      expect(typeFault(type, 'm{m="x"}', text)).toBe(reason);
      expect(typeFault(type, 'm{m="x"}', text + TAIL)).toBe(reason);
    }
    const isComposite = kinds.some((text) => text.startsWith('{'));
    expect(typeFault(type, 'a_info{a_info="x"}', 1)).toBe(
      isComposite ? 'type_mismatch' : undefined,
    );
    expect(typeFault(type, 'a_info{a_info="x"}', `1${TAIL}`)).toBe(
      isComposite ? 'type_mismatch' : undefined,
    );
  });
});

it.each<[FamilyType, string, string | number, string | undefined]>([
  ['counter', 'm', 0, undefined],
  ['counter', 'm', -0, undefined],
  ['counter', 'm', Infinity, undefined],
  ['counter', 'm', -1, 'invalid_counter_value'],
  ['counter', 'm', '-1 5', 'invalid_counter_value'],
  ['counter', 'm', Number.NaN, 'invalid_counter_value'],
  ['counter', 'm', 'NaN 5', 'invalid_counter_value'],
  ['info', 'm_info{a="1"}', 2, 'invalid_info_value'],
  ['info', 'm{a="1"}', 1, 'invalid_info_value'],
  ['stateset', 'm{m="x"}', 0, undefined],
  ['stateset', 'm{a="1",m="x"}', '1 5', undefined],
  ['stateset', 'm{m="x"}', 2, 'invalid_stateset_value'],
  ['stateset', 'm{mm="x"}', 1, 'invalid_stateset_value'],
  ['stateset', 'm{a="{m="}', 1, 'invalid_stateset_value'],
  ['histogram', 'm{le="1"}', HISTOGRAM, 'reserved_label'],
  ['histogram', 'm{a="1",le="1"}', NATIVE, 'reserved_label'],
  ['gaugehistogram', 'm{le="1"}', HISTOGRAM, 'reserved_label'],
  ['histogram', 'm{ale="1",b="{le=",quantile="1"}', HISTOGRAM, undefined],
  ['summary', 'm{quantile="1"}', SUMMARY, 'reserved_label'],
  ['summary', 'm{le="1"}', SUMMARY, undefined],
])('for %s %s %s the fault is %s', (type, key, payload, reason) => {
  expect(typeFault(type, key, payload)).toBe(reason);
});

interface Vector {
  readonly id: string;
  readonly input: string;
  readonly spec: string;
}

const VECTORS = readFileSync(
  new URL('../../test/conformance/vectors/om2.jsonl', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)
  .flatMap(({ id, input, spec }) => {
    const page = /^# TYPE (\S+) (\w+)\n(\1(?:\{[^}]*\})?) (.*)\n# EOF\n$/.exec(input);
    // A fault of an exemplar alone is not seen here.
    if (page === null || spec.includes('-')) return [];
    const [, , type, key, text] = page as unknown as readonly string[];
    return [{ id, spec, type: type as FamilyType, key: key!, text: text! }];
  });

/** What we say otherwise than OpenMetrics 2, and why. */
const DEPARTURES: Readonly<Record<string, string>> = {
  'hist-inf-spelled': 'infinity may be spelled as Prometheus reads it',
  'hist-inf-lower': 'infinity may be spelled as Prometheus reads it',
  'hist-order': 'fields may be in any order, as in Prometheus',
  'nat-classic-first': 'fields may be in any order, as in Prometheus',
  'nat-spans-without-buckets': 'spans of no buckets say nothing, as in Prometheus',
  'nat-schema-float': 'a number is a number',
  'gh-count': 'a gauge histogram is written as a histogram inside',
  'gh-st': 'a start time that does not belong to the type is left out by encoders',
  'gh-native-negative': 'Prometheus fails the scrape',
  'unknown-composite': 'Prometheus fails the scrape',
};

it.each(VECTORS)('the point in $id is sound if OpenMetrics 2 says so', (vector) => {
  const { id, spec, type, key, text } = vector;
  const parts = readPayload(text);
  const { timestamp, startTime, exemplars } = parts ?? {};
  const checked =
    parts && checkPayload(key, { value: parts.value, timestamp, startTime, exemplars });
  const isSound =
    typeof checked === 'object' && typeFault(type, key, checked.payload) === undefined;
  expect(isSound).toBe((spec === 'accept') !== id in DEPARTURES);
});
