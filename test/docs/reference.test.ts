import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  MemoryStore,
  mergeReaders,
} from '../../src/index.ts';
import { REJECTION_REASONS } from '../../src/model/rejection.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(resolve(ROOT, file), 'utf8');

/** The first cell of each row of a table, without its backquotes. */
function firstCells(markdown: string): string[] {
  return [...markdown.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1]!);
}

describe('docs/reference.md', () => {
  it('lists every error code, and no other', () => {
    const union = /SnapscrapeErrorCode =\n((?: {2}\| '[a-z_]+';?\n?)+)/.exec(
      read('src/model/errors.ts'),
    );
    const codes = [...(union?.[1] ?? '').matchAll(/'([a-z_]+)'/g)].map((match) => match[1]!);
    expect(codes.length).toBeGreaterThan(5);
    const section = /## Error codes\n([\s\S]*?)\n## /.exec(read('docs/reference.md'))?.[1] ?? '';
    expect(firstCells(section).sort()).toEqual(codes.sort());
  });

  it('lists every reason for which a point is rejected, and no other', () => {
    const section =
      /## Rejected points\n([\s\S]*?)\n## /.exec(read('docs/reference.md'))?.[1] ?? '';
    expect(firstCells(section)).toEqual([...REJECTION_REASONS]);
  });

  it('lists every metric that a page has about the exporter itself, with its type', async () => {
    const store = new MemoryStore();
    await store.upsert([
      // Escaped, some have the names of others.
      ...['a.b', 'a_b'].map((name) => ({ name, value: 1 })),
      ...['x.y', 'x_y'].map((label) => ({ name: 'c', labels: { [label]: '1' }, value: 1 })),
    ]);
    // A merged reader has all that others have, and more.
    const reader = mergeReaders([createCachedSnapshotReader(store)]);
    const handler = createOpenMetricsHandler(reader);
    const page = await (await handler.fetch(new Request('http://localhost/'))).text();
    const served = [...page.matchAll(/^# TYPE (snapscrape_\S+) (\S+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(served.length).toBeGreaterThan(8);
    const rows = [
      ...read('docs/reference.md').matchAll(/^\| `(snapscrape_\w+)[^|]*\|\s*(\w+)\s*\|/gm),
    ];
    expect(rows.map(([, name, type]) => `${name} ${type}`).sort()).toEqual(served.sort());
  });
});
