import { isUtf8 } from 'node:buffer';
import { isLabelName, isMetricName } from '../model/key/index.ts';
import { CLOSE, COMMA, EQUALS, HASH, LF, OPEN, QUOTE } from '../parse/characters.ts';
import { parseGoFloat } from '../parse/go-number.ts';
import { goQuoted, goQuotedByte } from './go-quote.ts';
import { assertFits, type PushedFamilies, type PushedFamily } from './pushed-families.ts';
import { isBlank, TextCursor } from './text-cursor.ts';
import { TextFamily } from './text-family.ts';

const INTEGER = /^[+-]?\d+$/;

/**
 * Reads a pushed text page by the rules of Go's `expfmt.TextParser`, which pushes are written for.
 *
 * These differ from the rules of Prometheus's own scraper (`src/parse`): types are read without
 * regard to case, families may interleave, labels without a value are labels, each line needs its
 * line feed, and parts of histograms may be missing or contradict each other.
 *
 * @param allowsUtf8 - whether names may have any character, in quotes.
 * @throws PushError of status 400 with the text of the original.
 */
export function readTextBody(body: Buffer, allowsUtf8: boolean): PushedFamilies {
  return new TextBody(body, allowsUtf8).read();
}

class TextBody extends TextCursor {
  readonly #allowsUtf8: boolean;
  readonly #families = new Map<string, TextFamily>();
  #metrics = 0;

  constructor(body: Buffer, allowsUtf8: boolean) {
    super(body);
    this.#allowsUtf8 = allowsUtf8;
  }

  read(): PushedFamilies {
    while (this.at < this.text.length) {
      this.line++;
      // At the end of the body, blanks alone are no line.
      if (this.blanks() >= this.text.length) break;
      const c = this.code();
      if (c === LF) this.at++;
      else if (c === HASH) this.#comment();
      else this.#sample(c === OPEN);
    }
    const pushed = new Map<string, PushedFamily>();
    for (const [name, family] of this.#families) {
      if (family.size > 0) pushed.set(name, family.pushed());
    }
    return pushed;
  }

  #comment(): void {
    this.at++;
    this.blanks();
    if (this.isLineEnd()) return;
    const keyword = this.word();
    if (this.isLineEnd()) return;
    if (keyword !== 'HELP' && keyword !== 'TYPE') {
      const end = this.text.indexOf('\n', this.at);
      if (end < 0) this.failAtEnd();
      this.at = end + 1;
      return;
    }
    this.blanks();
    const name = this.name(true);
    if (this.isLineEnd()) return;
    if (!isBlank(this.code())) this.fail('invalid metric name in comment');
    const { family } = this.#familyOf(name);
    this.blanks();
    if (this.isLineEnd()) return;
    if (keyword === 'HELP') {
      if (family.help !== undefined) {
        this.fail(`second HELP line for metric name ${goQuoted(bytesOf(family.name))}`);
      }
      family.help = this.decoded(this.rest(true));
    } else this.#type(family);
  }

  #type(family: TextFamily): void {
    if (family.type !== undefined) {
      this.fail(
        `second TYPE line for metric name ${goQuoted(bytesOf(family.name))}, or TYPE reported after samples`,
      );
    }
    const word = this.rest(false);
    if (!family.setType(word)) this.fail(`unknown metric type ${goQuoted(word)}`);
  }

  #sample(isInBraces: boolean): void {
    const line = this.line;
    let found: { family: TextFamily; part: string } | undefined;
    if (!isInBraces) {
      const name = this.name(true);
      if (name === '') this.fail('invalid metric name');
      found = this.#familyOf(name);
      if (isBlank(this.code())) this.blanks();
    }
    const labels = new Map<string, string>();
    if (this.code() === OPEN) {
      found = this.#labels(labels, found);
      this.blanks();
    }
    if (found === undefined) this.fail('invalid metric name');
    const token = this.word();
    const value = goFloat(token);
    if (value === undefined) this.fail(`expected float as value, got ${goQuoted(token)}`);
    const { family, part } = found;
    family.type ??= 'unknown';
    const before = family.size;
    const fault = family.add(part, labels, value, line, () => this.#timestamp());
    if (fault !== undefined) this.fail(fault);
    this.#metrics += family.size - before;
    assertFits(this.#metrics, line);
  }

  /** Reads what follows a value; returns whether that is a timestamp. */
  #timestamp(): boolean {
    if (this.isLineEnd()) return false;
    this.blanks();
    const token = this.word();
    const isTime = INTEGER.test(token) && BigInt.asIntN(64, BigInt(token)) === BigInt(token);
    if (!isTime) this.fail(`expected integer as timestamp, got ${goQuoted(token)}`);
    const rest = this.rest(false);
    if (rest !== '') this.fail(`spurious string after timestamp: ${goQuoted(rest)}`);
    return true;
  }

  /** Reads the braces of a sample. The metric name may be in them, in quotes. */
  #labels(
    labels: Map<string, string>,
    named: { family: TextFamily; part: string } | undefined,
  ): { family: TextFamily; part: string } | undefined {
    let found = named;
    this.at++;
    for (;;) {
      this.blanks();
      let c = this.code();
      if (c === CLOSE) break;
      const name = this.name(false);
      if (name === '') {
        this.fail(`invalid label name for metric ${goQuoted(bytesOf(found?.family.name ?? ''))}`);
      }
      if (isBlank(this.code())) this.blanks();
      c = this.code();
      if (c !== EQUALS) {
        if (named !== undefined) {
          this.fail(`expected '=' after label name, found ${goQuotedByte(c)}`);
        }
        if (found !== undefined) {
          this.fail(`multiple metric names for metric ${goQuoted(bytesOf(found.family.name))}`);
        }
        if (c !== COMMA && c !== CLOSE) {
          this.fail(`unexpected end of metric name ${goQuotedByte(c)}`);
        }
        found = this.#familyOf(name);
        if (c === CLOSE) break;
        this.at++;
        continue;
      }
      this.at++;
      this.#label(labels, name, found?.family);
      c = this.code();
      if (c === CLOSE) break;
      if (c !== COMMA) {
        this.fail(`unexpected end of label value ${goQuoted(bytesOf(labels.get(name) ?? ''))}`);
      }
      this.at++;
    }
    this.at++;
    return found;
  }

  #label(labels: Map<string, string>, token: string, family: TextFamily | undefined): void {
    const name = this.decoded(token);
    if (name === '__name__') this.fail('label name "__name__" is reserved');
    if (!this.#allowsUtf8 && !isLabelName(name)) {
      this.fail(`invalid label name ${goQuoted(token)}`);
    }
    const isBound = family?.isBound(name) === true;
    if (labels.has(name) && !isBound) {
      this.fail(`duplicate label names for metric ${goQuoted(bytesOf(family?.name ?? ''))}`);
    }
    this.blanks();
    const c = this.code();
    if (c !== QUOTE) {
      this.fail(`expected '"' at start of label value, found ${goQuotedByte(c)}`);
    }
    this.at++;
    const value = this.quoted('label value');
    if (!this.isAscii && !isUtf8(Buffer.from(value, 'latin1'))) {
      this.fail(`invalid label value ${goQuoted(value)}`);
    }
    if (isBound && parseGoFloat(value) === undefined) {
      this.fail(`expected float as value for '${name}' label, got ${goQuoted(value)}`);
    }
    labels.set(name, this.decoded(value));
    this.blanks();
  }

  /** The family of a sample name, and which part of its metric the sample is. */
  #familyOf(token: string): { family: TextFamily; part: string } {
    const name = this.decoded(token);
    const isLegal = this.#allowsUtf8
      ? name !== '' && (this.isAscii || isUtf8(Buffer.from(token, 'latin1')))
      : isMetricName(name);
    if (!isLegal) this.fail(`invalid metric name ${goQuoted(token)}`);
    const known = this.#families.get(name);
    if (known !== undefined) return { family: known, part: '' };
    const suffix = /_(?:count|sum|bucket)$/.exec(name)?.[0];
    if (suffix !== undefined) {
      const family = this.#families.get(name.slice(0, -suffix.length));
      if (family?.hasPart(suffix)) return { family, part: suffix };
    }
    assertFits(this.#families.size + 1, this.line);
    const family = new TextFamily(name);
    this.#families.set(name, family);
    return { family, part: '' };
  }
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A float as the parser of text takes it: without hexadecimal forms and underscores. */
function goFloat(token: string): number | undefined {
  return /[pP_]/.test(token) ? undefined : parseGoFloat(token);
}
