import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents } from '../support/code-blocks.ts';
import { REPOSITORY } from '../support/tools.ts';

// Half of this one is written by `npm run bench`.
const pages = documents().filter((file) => file !== 'docs/benchmarks.md');

/** The cells of all tables of a document, outside of code. */
function cells(file: string): readonly string[] {
  const text = readFileSync(join(REPOSITORY, file), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  const rows = text.split('\n').filter((line) => /^\|(?!( *:?-+:? *\|)+$)/.test(line));
  return rows.flatMap((row) => row.slice(1, -1).split(/(?<!\\)\|/)).map((cell) => cell.trim());
}

describe('the tables of documents', () => {
  it('have cells that fit a screen: 70 characters', () => {
    expect(pages.flatMap(cells).length).toBeGreaterThan(500);
    const long = pages.flatMap((file) =>
      cells(file)
        .filter((cell) => cell.length > 70)
        .map((cell) => `${file}: ${cell}`),
    );
    expect(long).toEqual([]);
  });
});
