import type { Page } from './page-sink.ts';

/** Pages that may differ, and how. */
interface Expected {
  /** The only group with such pages; undefined for all groups. */
  readonly group: string | undefined;
  readonly format: string;
  readonly why: string;
  /** What must be equal nevertheless. */
  readonly rest: (text: string) => string;
}

/** Every difference that is meant. */
const EXPECTED: readonly Expected[] = [
  {
    group: 'name plan',
    format: 'application/openmetrics-text',
    why: 'a shard gives a family the type that the whole page gives it',
    rest: (text) => text.replaceAll(/^# (?:TYPE|HELP|UNIT) .*\n/gm, ''),
  },
  {
    group: undefined,
    format: '',
    why: 'series are sorted by UTF-8 bytes, no longer by UTF-16 units',
    rest: sortedSeries,
  },
  {
    group: 'own metrics',
    format: '',
    why: 'points that a group owns are counted',
    rest: (text) => text.replaceAll(/^.*reason="owned_by_group".*\n/gm, ''),
  },
  {
    group: undefined,
    format: '',
    why: 'a declared family without points has its metadata on the page',
    rest: withoutEmptyFamilies,
  },
];

const METADATA = /^# (?:TYPE|HELP|UNIT) ("(?:[^"\\]|\\.)*"|\S+)/;

/** Leaves out the metadata of families that have no lines. */
function withoutEmptyFamilies(text: string): string {
  const kept: string[] = [];
  let waiting: string[] = [];
  let family: string | undefined;
  for (const line of text.split('\n')) {
    const name = METADATA.exec(line)?.[1];
    if (name === undefined) {
      // `# EOF`, and what stands behind the last line feed, are of no family.
      if (line !== '' && !line.startsWith('# ')) kept.push(...waiting);
      kept.push(line);
    }
    if (name === undefined || name !== family) waiting = [];
    if (name !== undefined) waiting.push(line);
    family = name;
  }
  return kept.join('\n');
}

/**
 * Sorts the lines between two headers. It splits at LF alone: a label value may have a CR in it.
 */
function sortedSeries(text: string): string {
  return text
    .split('\n# ')
    .map((part) => part.split('\n').sort().join('\n'))
    .join('\n# ');
}

const MOST_NAMED = 20;

/** Compares pages in pairs, and prints a line for each group. */
export class Comparison {
  readonly #print: (line: string) => void;
  #group: string | undefined;
  #counts = { pages: 0, different: 0, expected: 0, recoded: 0 };
  #differences = 0;
  #why = '';

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  add(base: Page, head: Page): void {
    if (head.group !== this.#group) this.#endGroup();
    this.#group = head.group;
    this.#counts.pages++;
    if (base.name === head.name && base.group === head.group && base.hash === head.hash) {
      if (base.rawHash !== head.rawHash) this.#counts.recoded++;
      return;
    }
    const expected = expectedDifference(base, head);
    if (expected === undefined) this.#nameDifference(base, head);
    else {
      this.#counts.expected++;
      this.#why = expected.why;
    }
  }

  /** Ends the last group. Returns whether no page differs that should not. */
  finish(): boolean {
    this.#endGroup();
    return this.#differences === 0;
  }

  #nameDifference(base: Page, head: Page): void {
    this.#counts.different++;
    if (this.#counts.different > MOST_NAMED) return;
    const names = base.name === head.name ? head.name : `${base.name} against ${head.name}`;
    this.#print(`- ${head.group}: ${names}`);
    if (base.text !== undefined && head.text !== undefined) {
      for (const line of firstDifference(base.text, head.text)) this.#print(`    ${line}`);
    }
  }

  #endGroup(): void {
    if (this.#group === undefined) return;
    const { pages, different, expected, recoded } = this.#counts;
    const parts = [`${this.#group}: ${pages} pages, ${different} different`];
    if (expected > 0) parts.push(`${expected} as expected (${this.#why})`);
    if (recoded > 0) parts.push(`${recoded} equal, but compressed to other bytes`);
    this.#print(parts.join('; '));
    this.#differences += different;
    this.#counts = { pages: 0, different: 0, expected: 0, recoded: 0 };
  }
}

function expectedDifference(base: Page, head: Page): Expected | undefined {
  if (base.name !== head.name || base.text === undefined || head.text === undefined)
    return undefined;
  const [theirs, ours] = [base.text, head.text];
  return EXPECTED.find(
    ({ group, format, rest }) =>
      (group ?? head.group) === head.group &&
      head.name.includes(format) &&
      rest(theirs) === rest(ours),
  );
}

function firstDifference(base: string, head: string): string[] {
  const [theirs, ours] = [base.split('\n'), head.split('\n')];
  const at = theirs.findIndex((line, i) => line !== ours[i]);
  const from = at === -1 ? theirs.length : at;
  return [`base: ${theirs[from] ?? '(ended)'}`, `head: ${ours[from] ?? '(ended)'}`];
}
