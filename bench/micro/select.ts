import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { familyOf, snapshotOf } from '../../src/snapshot/snapshot.ts';
import { selectorOf } from '../../test/support/selecting.ts';
import { compare, seriesIds } from './measure.ts';

// What a fixed selection costs at first, and after a refresh that changed one chunk. A query costs
// the former each time. For a value, lines are searched for its text, and only those with it are
// read.
const SERIES = 1_000_000;
const builder = new ChunkBuilder(noWork());
for (const [i, id] of seriesIds(SERIES).entries()) builder.addLine(id, i, 1, false);
const [first, ...rest] = builder.finish();
const snapshotWith = (changed: typeof first) =>
  snapshotOf([familyOf('gh_activity_commits_24h', undefined, [changed!, ...rest])], []);
const snapshot = snapshotWith(first);

const QUERIES: Readonly<Record<string, string>> = {
  'one name': 'name[]=gh_activity_commits_24h',
  'the first label is another': 'match[]={org="org-002"}',
  'one value of the last label': 'match[]={user="user-0007"}',
  'one series': 'match[]={repo="repository-055555",user="user-0007"}',
  'all values but one': 'match[]={user!="user-0007"}',
  'a pattern, few values': 'match[]={user=~"user-000[0-4]"}',
  'a pattern, many values': 'match[]={repo=~".*[05]"}',
  'a quarter by hash': 'shard=1/4',
};

/** One chunk copied, as a refresh does that changes a value in it. */
function changedSnapshot(): typeof snapshot {
  const copy = new ChunkBuilder(noWork());
  copy.addRange(first!, 0, first!.series);
  return snapshotWith(copy.finish()[0]);
}

for (const [name, query] of Object.entries(QUERIES)) {
  const selector = selectorOf(query);
  const { series } = await selector.select(snapshot);
  await compare(`${name}: ${series} of ${SERIES} series`, {
    'at first': () => selectorOf(query).select(snapshot),
    'after a change in one chunk': () => selector.select(changedSnapshot()),
  });
}
