import { KeyWriter, type KnownKey, TextMatcher } from '../../src/model/key/index.ts';
import { compare, seriesIds } from './measure.ts';

// What it pays a store to compare labels with the key of the series that is expected, instead of
// writing the key and looking it up.
const SERIES = 100_000;
const name = 'gh_activity_commits_24h';
const ids = seriesIds(SERIES);
const points = ids.map((id) => {
  const [, org, repo, user] = /org="(.*)",repo="(.*)",user="(.*)"/.exec(id)!;
  return { org, repo, user };
});
const writer = new KeyWriter();
const slots = new Map<string, number>();
const keys: KnownKey[] = points.map((labels, slot) => {
  writer.write(name, labels);
  slots.set(writer.key, slot);
  return { key: writer.key, form: 0 };
});
const matcher = new TextMatcher();

const matched = (isKnown: boolean): number => {
  let equal = 0;
  for (let at = 0; at < SERIES; at++) {
    const known = keys[at]!;
    if (!isKnown) known.form = 0;
    if (matcher.matches(known, name, points[at])) equal++;
  }
  return equal;
};

await compare(`keys of ${SERIES} points`, {
  'written, and looked up': () =>
    points.filter((labels) => writer.write(name, labels) && slots.has(writer.key)).length,
  'compared with the key': () => matched(false),
  'compared with the key, whose form is known': () => matched(true),
});
