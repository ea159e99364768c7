import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './tools.ts';

/** A fenced block of code of a document. */
export interface CodeBlock {
  /** Where it begins, as `docs/http.md:12`. */
  readonly place: string;
  /** The language behind the fence; empty if there is none. */
  readonly language: string;
  readonly code: string;
}

/** Every document that people read, relative to the repository. */
export function documents(): readonly string[] {
  const pages = ['.', 'docs'].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => (folder === '.' ? file : join(folder, file))),
  );
  const examples = readdirSync(join(REPOSITORY, 'examples')).map((name) =>
    join('examples', name, 'README.md'),
  );
  return [...pages, ...examples.filter((file) => existsSync(join(REPOSITORY, file)))];
}

/** Every block of code of every document. */
export function codeBlocks(): readonly CodeBlock[] {
  return documents().flatMap((file) => {
    const text = readFileSync(join(REPOSITORY, file), 'utf8');
    return [...text.matchAll(/^```(\S*).*\n([\s\S]*?)^```$/gm)].map((found) => ({
      place: `${file}:${text.slice(0, found.index).split('\n').length}`,
      language: found[1]!,
      code: found[2]!,
    }));
  });
}
