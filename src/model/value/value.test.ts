import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyExemplars,
  anyHistogram,
  anyPayload,
  anySummary,
  anyTime,
} from '../../../test/support/point-values.ts';
import { threadCpu } from '../../../test/support/thread-cpu.ts';
import { tries } from '../../../test/support/tries.ts';
import type { Exemplar } from '../point-value.ts';
import {
  gaugeHistogramText,
  type PayloadParts,
  readComposite,
  readNumber,
  readPayload,
  readSeconds,
  readTail,
  readValue,
  secondsText,
  splitTail,
  tailStart,
  thresholdText,
  valueKind,
  writePayload,
  writeTail,
  writeValue,
} from './index.ts';

const VECTORS = new URL('../../../test/conformance/vectors/', import.meta.url);
const readVectors = (file: string): string => readFileSync(new URL(file, VECTORS), 'utf8');

describe('a payload', () => {
  it('is read as it was written, and written again as the same text', () => {
    fc.assert(
      fc.property(anyPayload, (parts) => {
        const payload = writePayload(parts);
        const read = readPayload(payload);
        expect(read).toEqual(parts);
        expect(writePayload(read!)).toBe(payload);
        if (typeof payload === 'number') return;
        expect(payload).not.toContain('\n');
        const end = tailStart(payload);
        expect(payload.slice(0, end)).toBe(writeValue(parts.value));
        expect(payload.slice(end)).toBe(writeTail(parts));
        expect(readValue(payload.slice(0, end))).toEqual(parts.value);
      }),
      { numRuns: tries(300) },
    );
  });

  it('of a plain number is that number', () => {
    for (const value of [0, -0, 1.5, Number.NaN, Infinity]) {
      expect(writePayload({ value, exemplars: [] })).toBe(value);
    }
  });

  it('is the text of a line of OpenMetrics 2', () => {
    const labels = { trace_id: 't1' };
    const exemplars = [
      { labels, value: 1, timestamp: 1763989999123 },
      { labels: {}, value: 0.5 },
    ];
    const parts = { value: 17, timestamp: 1763990000123, startTime: 1763980000000, exemplars };
    expect(writePayload(parts)).toBe(
      '17 1763990000.123 st@1763980000 # {trace_id="t1"} 1 1763989999.123 # {} 0.5',
    );
  });

  it('that is cut or altered is read as what it says then, or not at all', () => {
    const part = fc.constantFrom(
      '',
      ' ',
      '{',
      '}',
      '[',
      ':',
      ',',
      ' # ',
      '"',
      'st@',
      '1',
      'g',
      '\n',
    );
    fc.assert(
      fc.property(anyPayload, fc.nat(), fc.nat({ max: 3 }), part, (parts, place, cut, inserted) => {
        const text = String(writePayload(parts));
        const at = place % (text.length + 1);
        const read = readPayload(text.slice(0, at) + inserted + text.slice(at + cut));
        if (read === undefined) return;
        const again = writePayload(read);
        const canonical = readPayload(again)!;
        expect(writePayload(canonical)).toBe(again);
        // A label of an exemplar may have become empty, which is no label.
        const bare = { exemplars: undefined };
        expect({ ...canonical, ...bare }).toEqual({ ...read, ...bare });
      }),
      { numRuns: tries(300) },
    );
  });

  it('of some megabytes takes no long time, sound or not', () => {
    const bounds = Array.from({ length: 100_000 }, (_, i): [number, number] => [i, i]);
    const value = { count: 1, sum: 1, buckets: bounds };
    const text = writeValue(value);
    expect(readValue(text)).toEqual(value);
    const million = 1_000_000;
    for (const piece of ['{', '[', ':', ',', ' # {', '\\', '"', ' # {a="', '1:', 'count:1,']) {
      for (const start of ['', '{', '{count:1,sum:1,bucket:[', '1 # {a="', '1 ']) {
        const from = threadCpu();
        expect(readPayload(start + piece.repeat(million))).toBeUndefined();
        expect(threadCpu() - from).toBeLessThan(2000);
      }
    }
  });
});

describe('a value text', () => {
  it('has the fields that were written, in slices', () => {
    fc.assert(
      fc.property(anyHistogram, (value) => {
        const fields = readComposite(writeValue(value))!;
        expect(fields.kind).toBe('histogram');
        expect(Number(fields.count)).toBe(value.count);
        expect(fields.pairs?.map((pair) => readNumber(pair))).toEqual(value.buckets?.flat());
        expect(fields.native === undefined).toBe(value.schema === undefined);
      }),
    );
    fc.assert(
      fc.property(anySummary, (value) => {
        const text = writeValue(value);
        expect(valueKind(text)).toBe('summary');
        const { pairs } = readComposite(text)!;
        expect(pairs!.map((pair) => readNumber(pair))).toEqual(value.quantiles.flat());
      }),
    );
  });

  it('writes each count of a float histogram with a point, and of another one none', () => {
    const native = { schema: 0, zeroThreshold: 0, positiveSpans: [[0, 2]] } as const;
    const float = { count: 5.5, sum: 1, ...native, zeroCount: 0.5, positiveBuckets: [2, 3] };
    expect(writeValue(float)).toBe(
      '{count:5.5,sum:1,schema:0,zero_threshold:0,zero_count:0.5,positive_spans:[0:2],positive_buckets:[2.0,3.0]}',
    );
    // A sum of whole counts that a double cannot hold would not be that of the buckets.
    const large = { count: 2 ** 53, sum: 1, buckets: [[Infinity, 2 ** 53]] as const };
    expect(writeValue(large)).toBe(
      '{count:9007199254740992.0,sum:1,bucket:[+Inf:9007199254740992.0]}',
    );
  });

  it('says gcount if only a gauge histogram may hold it', () => {
    const write = (...buckets: [number, number][]): string =>
      writeValue({ count: buckets.at(-1)![1], sum: -1, buckets });
    const rising = write([1, 2], [Infinity, 2]);
    expect(rising).toBe('{count:2,sum:-1,bucket:[1:2,+Inf:2]}');
    expect(gaugeHistogramText(rising)).toBe('{gcount:2,gsum:-1,bucket:[1:2,+Inf:2]}');
    for (const text of [write([1, 3], [Infinity, 2]), write([Infinity, -2])]) {
      expect(valueKind(text)).toBe('gaugehistogram');
      expect(gaugeHistogramText(text)).toBe(text);
    }
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '0x10',
    '1e400',
    'Infinity',
    '1_000',
    '{}',
    '{count:1,sum:1}',
    '{count:1,sum:1,bucket:[1]}',
    '{count:1,sum:1,bucket:[1:]}',
    '{count:1,count:1,sum:1,bucket:[+Inf:1]}',
    '{count:1,sum:1,bucket:[+Inf:1],}',
    '{count:1,sum:1,bucket:[+Inf:1],quantile:[]}',
    '{gcount:1,sum:1,bucket:[+Inf:1]}',
    '{gcount:1,gsum:1,quantile:[]}',
    '{count:1,sum:1,schema:0,zero_threshold:0}',
    '{count:1,sum:1,bucket:[+Inf:1],other:1}',
  ])('%j is none', (text) => {
    expect(readValue(text)).toBeUndefined();
  });
});

describe('a tail', () => {
  it('has the parts that were written, in slices', () => {
    fc.assert(
      fc.property(anyTime, anyExemplars, (startTime, exemplars) => {
        const tail = writeTail({ startTime, exemplars });
        const split = splitTail(tail)!;
        expect(split.timestamp).toBeUndefined();
        expect(split.startTime).toBe(secondsText(startTime));
        const texts = split.exemplars.map(({ labels, value, timestamp }) =>
          [' #', labels, value, timestamp].filter((part) => part !== undefined).join(' '),
        );
        expect(` st@${split.startTime}${texts.join('')}`).toBe(tail);
        expect(readTail(tail)).toEqual({ startTime, exemplars });
      }),
    );
  });

  it.each([
    '1',
    ' ',
    ' 1 2',
    ' st@',
    ' st@1 2',
    ' # {}',
    ' # {} 1 2 3',
    ' # {a="b" 1',
    ' 1  # {} 1',
  ])('%j is none', (text) => {
    expect(readTail(text)).toBeUndefined();
  });
});

it('a tail of an exemplar whose labels are not legal is not written', () => {
  const exemplars = [{ labels: { a: '\ud800' }, value: 1 }];
  expect(() => writeTail({ exemplars })).toThrow('malformed_unicode');
});

describe('numbers in values', () => {
  it('write thresholds as Go does', () => {
    for (const row of readVectors('float-format.tsv').trim().split('\n').slice(1)) {
      const [, own, go] = row.split('\t') as [string, string, string];
      const value = readNumber(own.replace('Infinity', 'Inf'))!;
      expect(thresholdText(value)).toBe(value === 0 ? '0' : go);
      expect(readNumber(go)).toBe(value);
    }
  });

  it('write milliseconds as seconds, exactly', () => {
    expect([1763990000123, 1763980000500, 0, -1, -1500].map(secondsText)).toEqual([
      '1763990000.123',
      '1763980000.5',
      '0',
      '-0.001',
      '-1.5',
    ]);
    expect(['1.6053013250019e+09', '.5', '5.', '1e3'].map(readSeconds)).toEqual([
      1605301325002, 500, 5000, 1_000_000,
    ]);
    fc.assert(
      fc.property(anyTime, (time) => {
        expect(readSeconds(secondsText(time))).toBe(time);
      }),
    );
    for (const text of ['', 'NaN', '+Inf', '1e300', '1s'])
      expect(readSeconds(text)).toBeUndefined();
  });
});

interface Sample {
  readonly value: PayloadParts['value'];
  readonly timestampMs?: number;
  readonly startMs?: number;
  readonly exemplars?: readonly (Omit<Exemplar, 'timestamp'> & { timestampMs?: number })[];
}

interface Vector {
  readonly id: string;
  readonly format: string;
  readonly model: readonly { readonly samples: readonly Sample[]; readonly type: string }[];
  readonly text: string;
}

/** The samples of a vector as payloads, exemplars without a time left out as OpenMetrics 2 does. */
function payloadsOf(vector: Vector): string[] {
  const spelled = (_: string, given: unknown): unknown =>
    given === '+Inf' || given === 'NaN' ? readNumber(given) : given;
  const model = JSON.parse(JSON.stringify(vector.model), spelled) as typeof vector.model;
  return model.flatMap(({ samples, type }) =>
    samples.map((sample) => {
      const { timestampMs, startMs, exemplars = [], ...rest } = sample as Sample;
      const timed = exemplars.filter((e) => e.timestampMs !== undefined);
      const parts = {
        ...rest,
        timestamp: timestampMs,
        startTime: startMs,
        exemplars: timed.map((e) => ({ ...e, timestamp: e.timestampMs })),
      };
      const text = String(writePayload(parts)).replace(/^Infinity$/, '+Inf');
      return type === 'gaugehistogram' ? gaugeHistogramText(text) : text;
    }),
  );
}

const vectors = readVectors('projections.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)
  .filter(({ format }) => format === 'om-2.0.0');

it.each(vectors)('the lines of $id have its payloads', (vector) => {
  const lines = vector.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const payloads = payloadsOf(vector);
  expect(lines.length).toBe(payloads.length);
  for (const [i, line] of lines.entries()) {
    expect(line.endsWith(` ${payloads[i]}`), `${line} ends with ${payloads[i]}`).toBe(true);
  }
});
