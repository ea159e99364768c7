import { startJudge } from '../test/conformance/judges.ts';
import {
  MUTATED_FORMATS,
  type MutatedFormat,
  mutatedPages,
} from '../test/conformance/page-mutation.ts';
import { difference } from '../test/conformance/parsing-judge.ts';

// Reads mutated pages beside the parsers of Prometheus: `node --import tsx scripts/fuzz-parser.ts
// [pages] [seed] [format]`. Prints what is read otherwise.

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const formats = Object.keys(MUTATED_FORMATS).filter(
  (format) => process.argv[4] === undefined || format === process.argv[4],
) as MutatedFormat[];

const judge = startJudge('textparse-utf8');
if (judge === undefined)
  throw new Error('judge-go is missing; scripts/install-judges.sh installs it');
for (const format of formats) {
  const pages = mutatedPages(format, seed);
  const found: string[] = [];
  let slowest = 0;
  // Some are under way together, so that neither side waits for the other.
  for (let done = 0; done < count; done += 100) {
    const batch = Array.from({ length: 100 }, () => pages.next().value);
    const start = performance.now();
    const differences = await Promise.all(batch.map((page) => difference(page, judge)));
    slowest = Math.max(slowest, performance.now() - start);
    for (const [at, text] of differences.entries()) {
      if (text !== undefined) {
        found.push(
          `page ${done + at}: ${text}: ${JSON.stringify(batch[at]!.body.toString('latin1'))}`,
        );
      }
    }
    if (found.length > 20) break;
  }
  for (const text of found.slice(0, 20)) console.log(text.slice(0, 700));
  console.log(
    JSON.stringify({
      format,
      seed,
      pages: count,
      differences: found.length,
      slowestBatchMs: Math.round(slowest),
    }),
  );
  if (found.length > 0) process.exitCode = 1;
}
judge.close();
