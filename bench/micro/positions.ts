import { KeyMatcher, KeyWriter } from '../../src/model/key/index.ts';
import { Pace } from '../../src/scheduling/pace.ts';
import { applyChanges } from '../../src/snapshot/apply-changes.ts';
import { ChangeList } from '../../src/snapshot/change-list.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { renderNumbers } from '../../src/snapshot/chunk-numbers.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { StagedChunk } from '../../src/snapshot/staged-lines.ts';
import { StagedFamily } from '../../src/snapshot/staging.ts';
import { Random } from '../workload/random.ts';
import { compare, seriesIds } from './measure.ts';

// What it pays to compare labels with the bytes of the line that is expected, and to write a chunk
// whose values all changed in one pass.
const SERIES = 100_000;
const ids = seriesIds(SERIES);
const builder = new ChunkBuilder(noWork());
for (const id of ids) builder.addLine(id, 1, 1, false);
const chunks = builder.finish();
const points = ids.map((id) => {
  const [, org, repo, user] = /org="(.*)",repo="(.*)",user="(.*)"/.exec(id)!;
  return { org, repo, user };
});
const name = 'gh_activity_commits_24h';
const writer = new KeyWriter();
const matcher = new KeyMatcher();

await compare(`keys of ${SERIES} points`, {
  written: () => points.filter((labels) => writer.write(name, labels)).length,
  'written, and compared with the line': () => {
    let at = 0;
    let equal = 0;
    for (const chunk of chunks) {
      for (let line = 0; line < chunk.series; line++) {
        writer.write(name, points[at++]);
        if (chunk.compare(line, writer.key) === 0) equal++;
      }
    }
    return equal;
  },
  'compared with the bytes of the line': () => {
    let at = 0;
    let equal = 0;
    const key = { name, lines: chunks[0]!, line: 0 };
    for (const chunk of chunks) {
      key.lines = chunk;
      for (let line = 0; line < chunk.series; line++) {
        key.line = line;
        if (matcher.matches(key, points[at++])) equal++;
      }
    }
    return equal;
  },
});

const random = new Random(7);
const values = Float64Array.from({ length: SERIES }, () => random.below(5000));
const staged = new StagedFamily(name);
for (const [at, id] of ids.entries()) staged.put(id, values[at]!, 2);
const all = new ChangeList(
  staged,
  new Uint32Array(SERIES).map((_, i) => i),
  SERIES,
);

await compare(`${SERIES} lines with other integers`, {
  'as changes by key': () => applyChanges(chunks, all, 'partial', new Pace(1000), builder),
  'in one pass': () => {
    let at = 0;
    return chunks.map((chunk) => {
      const lines = new StagedChunk(chunk.series);
      lines.index.values.set(values.subarray(at, at + chunk.series));
      lines.index.updatedAt.fill(2);
      lines.named = chunk.series;
      at += chunk.series;
      return renderNumbers(chunk, lines, builder);
    });
  },
});
