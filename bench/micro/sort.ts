import { Pace } from '../../src/scheduling/pace.ts';
import { sortChanges } from '../../src/snapshot/change-list.ts';
import { StagedFamily } from '../../src/snapshot/staging.ts';
import { Random } from '../workload/random.ts';
import { compare, seriesIds } from './measure.ts';

// What it costs to sort in slices rather than at once.
const ids = seriesIds(125_000);
const random = new Random(7);
for (let i = ids.length - 1; i > 0; i--) {
  const j = random.below(i + 1);
  [ids[i], ids[j]] = [ids[j]!, ids[i]!];
}
const staged = new StagedFamily('m');
for (const id of ids) staged.put(id, 1, 1);
const sort = () => sortChanges(staged, 'newest', new Pace(1000), () => undefined);

await compare('125 000 points in no order', {
  'sorted at once': () => {
    const byId = (a: number, b: number): number =>
      ids[a]! < ids[b]! ? -1 : ids[a] === ids[b] ? a - b : 1;
    return new Uint32Array(ids.length).map((_, i) => i).sort(byId);
  },
  'sorted in slices': sort,
});
