import { describe, expect, it } from 'vitest';
import { goPayload } from './go-number.ts';

describe('goPayload', () => {
  it.each([
    [-0, 0],
    [999_999, 999_999],
    [1e6, '1e+06'],
    [0.000_01, '1e-05'],
    ['{count:2000000,sum:-1234567.5}', '{count:2000000,sum:-1.2345675e+06}'],
    ['{gcount:2,gsum:2000000,bucket:[1:2,+Inf:2]}', '{gcount:2,gsum:2e+06,bucket:[1:2,+Inf:2]}'],
    [
      '{count:2,sum:NaN,quantile:[0.5:10000000,0.9:+Inf,0.99:-0]}',
      '{count:2,sum:NaN,quantile:[0.5:1e+07,0.9:+Inf,0.99:0]}',
    ],
    ['{count:0,sum:0,quantile:[]}', '{count:0,sum:0,quantile:[]}'],
  ])('writes %s as %s', (payload, expected) => {
    expect(Object.is(goPayload(payload), expected)).toBe(true);
  });

  it('leaves an exemplar alone', () => {
    const payload = '{count:1,sum:5000000,bucket:[+Inf:1]} # {sum="sum:1000000"} 5000000';
    expect(goPayload(payload)).toBe(
      '{count:1,sum:5e+06,bucket:[+Inf:1]} # {sum="sum:1000000"} 5000000',
    );
  });
});
