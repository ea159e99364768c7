/** The syntaxes of pages. */
export type Syntax = 'text' | 'openmetrics';

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)((?:\{.*\})?) (\S+)$/;
const COMMENT = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*)(?: .*)?$/;
const SPECIAL: ReadonlySet<string> = new Set(['NaN', '+Inf', '-Inf']);
const END = '# EOF';

/** Throws when a whole page breaks a rule that every page keeps, whatever is written meanwhile. */
export function checkPageRules(page: string, syntax: Syntax): void {
  const lines = page.split('\n');
  if (lines.pop() !== '') throw new Error('The page does not end with a line feed');
  const end = lines.indexOf(END);
  if (syntax === 'openmetrics' && end !== lines.length - 1) {
    throw new Error(`# EOF stands in line ${end} of ${lines.length}`);
  }
  if (syntax === 'text' && end >= 0) throw new Error('There is an end marker in the text format');
  const pairs = { soak_left: new Map<string, string>(), soak_right: new Map<string, string>() };
  const reader = new FamilyRules();
  for (const line of lines) {
    if (line === END) break;
    const sample = reader.take(line);
    if (sample?.name === 'soak_left' || sample?.name === 'soak_right') {
      pairs[sample.name].set(sample.labels, sample.value);
    }
  }
  checkPairs(pairs.soak_left, pairs.soak_right);
}

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: string;
}

/** The rules of lines and of the order in which they stand. */
class FamilyRules {
  readonly #families = new Set<string>();
  #family = '';
  #lastId = '';

  take(line: string): Sample | undefined {
    if (line.startsWith('#')) {
      this.#comment(line);
      return undefined;
    }
    const [, name, labels, value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || labels === undefined || value === undefined) {
      throw new Error(`No sample: ${line}`);
    }
    if (!SPECIAL.has(value) && !Number.isFinite(Number(value)))
      throw new Error(`No value: ${line}`);
    if (name !== this.#family && name !== `${this.#family}_total`) {
      throw new Error(`A sample outside its family, ${this.#family}: ${line}`);
    }
    const id = name + labels;
    // Only the source's families: those of the handler itself are in an order of their own.
    if (name.startsWith('soak_') && id <= this.#lastId) {
      throw new Error(`${id} stands behind ${this.#lastId}`);
    }
    this.#lastId = id;
    return { name, labels, value };
  }

  #comment(line: string): void {
    const name = COMMENT.exec(line)?.[2];
    if (name === undefined) throw new Error(`No comment of a format: ${line}`);
    if (name === this.#family) return;
    if (this.#families.has(name)) throw new Error(`The family ${name} stands in two places`);
    this.#families.add(name);
    this.#family = name;
    this.#lastId = '';
  }
}

/** Both of a pair are always written together: a page where they differ was torn. */
function checkPairs(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): void {
  if (left.size !== right.size) throw new Error(`Torn: ${left.size} left, ${right.size} right`);
  for (const [labels, value] of left) {
    const other = right.get(labels);
    if (other !== value) throw new Error(`Torn: ${labels} is ${value} left and ${other} right`);
  }
}
