import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSample, readSamples } from './stored-sample.ts';

// Scripts take any text without a line feed for a payload; what it says, only JavaScript knows.
const text = fc.string({ minLength: 1, unit: 'binary' }).filter((any) => !any.includes('\n'));
const texts = fc.constantFrom('5', ' ', '=', ' 5', '{count:1,sum:2} st@3 # {a="= b"} 1');
const payload = fc.oneof(fc.double(), text, texts);
const time = fc.double({ noNaN: true, noDefaultInfinity: true });

describe('a stored sample', () => {
  it('has the payload and time that were written, to the last bit', () => {
    fc.assert(
      fc.property(payload, time, (written, updatedAt) => {
        const lines = ['a', formatSample(written, updatedAt)];
        const entries = { keys: ['a'], payloads: [written], times: [updatedAt] };
        expect(readSamples(lines, 'bucket')).toEqual(entries);
        expect(readSamples(lines, 'log')).toEqual(entries);
      }),
    );
  });

  it('without a text is an end in the log, and has no time in a bucket', () => {
    const lines = ['a', '2 1', 'b', ''];
    const keys = ['a', 'b'];
    expect(readSamples(lines, 'log')).toEqual({ keys, payloads: [1, undefined], times: [2, 0] });
    expect(readSamples(lines, 'bucket')).toEqual({
      keys,
      payloads: [1, 0],
      times: [2, Number.NaN],
    });
  });

  it.each(['', '1_000', '0x20', '+1', '1E5', '-.5', '.5', 'nan', '+Inf', '1\n'])(
    'with %j in place of a number is none',
    (text) => {
      expect(readSamples(['a', `1 ${text}`], 'log').payloads).toEqual(['']);
      expect(readSamples(['a', `${text} 1`], 'log').times).toEqual([Number.NaN]);
    },
  );
});
