import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** A part of the report that a run of its own writes, between two comments. */
export interface Section {
  readonly start: string;
  readonly end: string;
}

/** What a report has between the comments, with both of them; empty if it has not. */
export function readSection(path: string, { start, end }: Section): string {
  if (!existsSync(path)) return '';
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  return from < 0 || to < 0 ? '' : text.slice(from, to + end.length);
}

/** Writes a section into a report that is there, or begins one. A new section comes first. */
export function writeSection(path: string, section: Section, content: string): void {
  const written = `${section.start}\n\n${content.trim()}\n\n${section.end}`;
  const before = readSection(path, section);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '# Benchmarks\n\n## Targets\n';
  const next =
    before === ''
      ? text.replace('## Targets', () => `${written}\n\n## Targets`)
      : text.replace(before, () => written);
  writeFileSync(path, next);
}

/** The ordinary exporter: `npm run bench -- --ordinary`. */
export const ORDINARY: Section = {
  start: '<!-- Written by `npm run bench -- --ordinary`. -->',
  end: '<!-- The end of the ordinary exporter. -->',
};

/** Reading pages: `bench/parsing.ts`. */
export const PARSING: Section = {
  start: '<!-- Written by `node --import tsx bench/parsing.ts`. -->',
  end: '<!-- The end of reading pages. -->',
};

/** The gateway: `bench/pushgateway.ts`. */
export const PUSHGATEWAY: Section = {
  start: '<!-- Written by `node --import tsx bench/pushgateway.ts`. -->',
  end: '<!-- The end of the gateway. -->',
};

/** Histograms: `bench/histograms.ts`. */
export const HISTOGRAMS: Section = {
  start: '<!-- Written by `node --import tsx bench/histograms.ts`. -->',
  end: '<!-- The end of histograms. -->',
};

/** The sections that other scripts write, in the order of the document. */
export const SECTIONS: readonly Section[] = [ORDINARY, HISTOGRAMS, PARSING, PUSHGATEWAY];
