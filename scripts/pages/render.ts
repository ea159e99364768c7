import { pathToFileURL } from 'node:url';
import { GROUPS, LARGE_GROUPS } from './corpus.ts';
import { type Library, PageSink } from './page-sink.ts';

// Writes every page of the corpus as a line of JSON: `scripts/pages/render.ts <dist> [--large]`.

const [dist, large] = process.argv.slice(2);
const library = (await import(pathToFileURL(`${dist}/index.js`).href)) as Library;
const groups = { ...GROUPS, ...(large === undefined ? {} : LARGE_GROUPS) };
for (const [name, render] of Object.entries(groups)) {
  await render(new PageSink(name, library));
}
