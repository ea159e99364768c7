import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HELP } from './arguments.ts';
import { ACTIVITY_NAMES, FAMILIES, REPOSITORY_UP } from './families.ts';

const README = readFileSync(new URL('README.md', import.meta.url), 'utf8');

test('the README lists every metric with its type and labels', () => {
  const rows = [...README.matchAll(/^\| `(git_activity_\w+)` *\| (\w+) *\| (.*?) *\|/gm)];
  expect(rows.map(([, name, type]) => ({ name, type }))).toEqual(
    FAMILIES.map(({ name, type }) => ({ name, type })),
  );
  expect(rows.filter((row) => row[3] === '`repo`, `user`').map((row) => row[1])).toEqual([
    ...ACTIVITY_NAMES,
  ]);
  expect(rows.at(-1)?.slice(1, 4)).toEqual([REPOSITORY_UP, 'gauge', '`repo`']);
});

test('the README lists the options of the help with their defaults', () => {
  const rows = [...README.matchAll(/^\| `(--[\w.-]+)` *\| `(\S+)` *\|/gm)].map(([, ...row]) => row);
  const options = [...HELP.matchAll(/(--[\w.-]+)=[^-]*?\(default (\S+)\)/g)].map(
    ([, ...row]) => row,
  );
  expect(rows).toEqual(options);
  expect(rows).toHaveLength(4);
});
