import { changesInOrder, sortChanges } from '../../src/cache/change-list.ts';
import { Pace } from '../../src/cache/pace.ts';
import { StagedFamily } from '../../src/cache/staging.ts';
import { compare, seriesIds } from './measure.ts';

// What it pays to try the order that a source had before, rather than to sort its points again.
const ids = seriesIds(125_000);
for (let i = ids.length - 1; i > 0; i--) {
  const j = (i * 7919) % (i + 1);
  [ids[i], ids[j]] = [ids[j]!, ids[i]!];
}
const staged = new StagedFamily('m');
for (const id of ids) staged.put(id, 1, 1);
const sort = () => sortChanges(staged, 'newest', new Pace(1000), () => undefined);
const { order } = await sort();

await compare('125 000 points in no order', {
  'sorted again': sort,
  'tried in the order before': () => changesInOrder(staged, order, new Pace(1000)),
});
