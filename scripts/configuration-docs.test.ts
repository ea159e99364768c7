import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configurationDocs } from './configuration-docs.ts';

it.each([...configurationDocs()])('%s is as the settings make it', (file, text) => {
  const written = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  if (file.endsWith('.json')) expect(JSON.parse(written)).toEqual(JSON.parse(text));
  else expect(compact(written)).toBe(compact(text));
});

/** The formatter pads the cells of tables. */
function compact(text: string): string {
  return text.replace(/ {2,}/g, ' ').replace(/-{3,}/g, '---');
}
