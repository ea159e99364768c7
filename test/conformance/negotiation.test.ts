import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { negotiate } from '../../src/formats/negotiate.ts';

/** An `Accept` header and what Go's handler answers when OpenMetrics is enabled. */
interface Row {
  readonly sender: string;
  readonly accept: string;
  readonly contentType_openMetricsEnabled: string;
}

const ROWS = readFileSync(new URL('./vectors/negotiation.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** Where we answer otherwise than Go, on purpose. */
const DEPARTURES: Readonly<Record<string, { readonly answer: string; readonly reason: string }>> = {
  'Prometheus 2.41-2.48 protobuf': {
    answer: `${OPENMETRICS}; escaping=underscores`,
    reason: 'protobuf is not on offer yet, so the next best format of the header is taken',
  },
  'Prometheus 3.4-3.14 protobuf first': {
    answer: `${OPENMETRICS}; escaping=allow-utf-8`,
    reason: 'protobuf is not on offer yet, so the next best format of the header is taken',
  },
  'text 1.0.0 only': {
    answer: 'text/plain; version=1.0.0; charset=utf-8; escaping=underscores',
    reason: 'text 1.0.0 is answered where it is asked for; Go falls back to 0.0.4',
  },
  'OM q=0': {
    answer: `${TEXT}; escaping=underscores`,
    reason: 'a weight of 0 excludes a format (RFC 9110, 12.4.2); Go takes it as the least wish',
  },
  'OM upper case': {
    answer: `${OPENMETRICS}; escaping=underscores`,
    reason: 'media types are read without regard to case (RFC 9110, 8.3.1); Go compares bytes',
  },
};

describe('the known Accept headers', () => {
  it('hold every departure', () => {
    const senders = new Set(ROWS.map(({ sender }) => sender));
    expect(Object.keys(DEPARTURES).filter((sender) => !senders.has(sender))).toEqual([]);
  });

  it.each(ROWS)('of $sender are answered as Go answers, or depart on purpose', (row) => {
    const departure = DEPARTURES[row.sender];
    const { contentType } = negotiate(row.accept);
    expect(contentType).toBe(departure?.answer ?? row.contentType_openMetricsEnabled);
    if (departure) expect(contentType).not.toBe(row.contentType_openMetricsEnabled);
  });

  it('have no escaping that leaks from a clause that was not chosen', () => {
    // Against a handler without OpenMetrics, Go answers this with text and `escaping=allow-utf-8`.
    const accept =
      'application/x-unknown;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3';
    expect(negotiate(accept).contentType).toBe(`${TEXT}; escaping=underscores`);
  });
});
