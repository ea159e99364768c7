import fc from 'fast-check';
import { SnapscrapeError } from '../src/model/errors.ts';
import { matchersOf } from '../src/selection/selection.ts';
import { selectionOf } from '../src/selection/selection-query.ts';
import { needsEngine, PatternEngine } from '../src/selection/value-pattern.ts';

// Sends random queries to the selectors: `node --import tsx scripts/fuzz-selectors.ts [minutes]`.
// Each must be read and compiled, or rejected as invalid_selector, within a quarter of a second.
// What selectors mean is compared with Prometheus in test/conformance/selectors.test.ts.

const minutes = Number(process.argv[2] ?? 1);
const end = Date.now() + minutes * 60_000;

const TOKENS =
  `{ } , = != =~ !~ " ' \` # ( ) (? (?: (?i) (?P<n> [ [^ ] [: :] . * + ? | ^ $ {2} {1,9} {999} {1000} \\ \\p{L} \\pL \\PN
\\d \\Q \\E \\x \\x41 \\u00fc \\U0001f600 \\777 a __name__ __proto__ 1/2 0/0 [5m] offset`.split(
    /\s+/,
  );
const text = fc
  .array(
    fc.oneof(fc.constantFrom(...TOKENS, ' ', '\n'), fc.string({ unit: 'binary', maxLength: 3 })),
    {
      maxLength: 40,
      size: 'max',
    },
  )
  .map((parts) => parts.join(''));
const pattern = fc
  .tuple(fc.constantFrom('=~', '!~'), text, fc.nat({ max: 3 }))
  .map(([operator, value, times]) => `{a${operator}${JSON.stringify(value.repeat(10 ** times))}}`);
const query = fc.array(
  fc.tuple(fc.constantFrom('name[]', 'prefix[]', 'match[]', 'shard'), fc.oneof(text, pattern)),
  { minLength: 1, maxLength: 4 },
);

const engine = await PatternEngine.of(undefined);
const counts = { read: 0, rejected: 0, slowestMs: 0 };
while (Date.now() < end) {
  await fc.assert(
    fc.asyncProperty(query, async (pairs) => {
      const start = performance.now();
      try {
        const selection = selectionOf(new URLSearchParams(pairs), { patterns: true }) ?? [];
        for (const matcher of matchersOf(selection).filter(needsEngine))
          engine.compileQuery(matcher);
        counts.read++;
      } catch (error) {
        if (!(error instanceof SnapscrapeError) || error.code !== 'invalid_selector') throw error;
        if (error.message.length > 400) throw new Error(`It says too much: ${error.message}`);
        counts.rejected++;
      }
      const ms = performance.now() - start;
      if (ms > 250) throw new Error(`It took ${ms.toFixed(0)} ms`);
      counts.slowestMs = Math.max(counts.slowestMs, ms);
    }),
    { numRuns: 5000 },
  );
  console.log(JSON.stringify(counts));
}
