import { isAscii, isUtf8 } from 'node:buffer';
import type { ExpositionReader, NameListener, ReaderSettings } from './exposition-reader.ts';
import { FaultLog, type Place } from './fault-log.ts';
import { HeldBytes } from './held-bytes.ts';
import type { LineParser } from './line-parser.ts';
import { OpenMetricsParser } from './openmetrics-parser.ts';
import { PageReader, type ReadPart } from './page-reader.ts';
import type { LineSink } from './sample-line.ts';
import { TextParser } from './text-parser.ts';

const LF = 10;
/** How much is made text at a time. */
const BLOCK = 1024 * 1024;
const LEAST_AGAIN = 4096;

/** Lets a listener know of each line before it goes on. */
function listening(sink: LineSink, onName: NameListener): LineSink {
  return {
    metadata(kind, name, text, place) {
      onName(name, place);
      sink.metadata(kind, name, text, place);
    },
    sample(line) {
      onName(line.name, line);
      sink.sample(line);
    },
  };
}

/** Makes a parser of a text format that gives each line to a sink. */
function createLineParser(settings: ReaderSettings, sink: LineSink, log: FaultLog): LineParser {
  const { format, maxLabels } = settings;
  if (format === 'text') return new TextParser(sink, log, maxLabels);
  return new OpenMetricsParser(sink, log, maxLabels, format === 'openmetrics2');
}

/** Cuts bytes into blocks of whole lines. */
export class LineReader implements ExpositionReader {
  readonly log: FaultLog;
  readonly #settings: ReaderSettings;
  readonly #page: PageReader;
  readonly #parser: LineParser;
  /** The beginning of a line, or of a label value that goes on in further lines. */
  readonly #rest = new HeldBytes();
  /** How much is held before such a value is read again, so that it is read few times. */
  #again = 0;
  #size = 0;
  #hasEnded = false;
  /** A line is being passed over, because it is too long. */
  #isSkipping = false;

  constructor(settings: ReaderSettings, onName: NameListener | undefined) {
    this.#settings = settings;
    this.log = new FaultLog(settings.rules, settings.maxFaults, settings.ignored);
    this.#page = new PageReader(settings.format, this.log, settings.maxFamilies);
    const sink = onName === undefined ? this.#page : listening(this.#page, onName);
    this.#parser = createLineParser(settings, sink, this.log);
  }

  write(bytes: Buffer): void {
    this.#size += bytes.length;
    const { maxBytes } = this.#settings;
    if (this.#size > maxBytes) this.#exceed(bytes, bytes.length - (this.#size - maxBytes));
    // A line inside a piece is then not longer than a line may be.
    const piece = Math.min(BLOCK, this.#settings.maxLineBytes);
    for (let at = 0; at < bytes.length; at += piece) this.#block(bytes.subarray(at, at + piece));
  }

  /** Ends the reading at the first byte that is too many; the page is read no further. */
  #exceed(bytes: Buffer, room: number): never {
    const begun = Buffer.concat([this.#rest.bytes, bytes.subarray(0, room)]);
    const lineAt = begun.lastIndexOf(LF) + 1;
    const before = begun.toString('utf8', lineAt);
    const place: Place = {
      text: before + bytes.toString('utf8', room, room + 200),
      lineAt: 0,
      line: this.#parser.line + (this.#isSkipping ? 0 : 1) + feedsIn(begun),
    };
    this.log.stop('limit', place, before.length, `maxBytes is ${this.#settings.maxBytes}`);
  }

  end(): void {
    const parser = this.#parser;
    this.#hasEnded = true;
    const { format } = this.#settings;
    if (this.#rest.length > 0) {
      const last = this.#rest.take();
      if (last.at(-1) === LF) this.#read(last);
      else {
        this.#read(Buffer.concat([last, Buffer.from('\n')]));
        if (format === 'text' && this.log.isStrict) this.log.report('last_line', parser);
      }
    }
    if (format !== 'text' && !parser.hasEnded) {
      const place = { text: '', lineAt: 0, line: parser.line + 1 };
      this.log.report('missing_end', place);
    }
    this.#page.end(parser);
  }

  take(): ReadPart {
    return this.#page.take(this.#hasEnded);
  }

  #block(block: Buffer): void {
    if (this.#parser.hasEnded) {
      this.#behindEnd(block);
      return;
    }
    let bytes = block;
    if (this.#again > 0) {
      this.#rest.add(block);
      if (this.#rest.length < this.#again) return;
      this.#again = 0;
      bytes = this.#rest.take();
    }
    const lineEnd = bytes.lastIndexOf(LF);
    if (lineEnd < 0) {
      this.#keep(bytes);
      return;
    }
    const whole = bytes.subarray(0, lineEnd + 1);
    const first = whole.indexOf(LF) + 1;
    if (this.#rest.length + first > this.#settings.maxLineBytes) this.#passOver(bytes);
    if (this.#isSkipping) {
      this.#isSkipping = false;
      if (first < whole.length) this.#read(whole.subarray(first));
    } else if (this.#rest.length === 0) this.#read(whole);
    else {
      this.#rest.add(whole);
      this.#read(this.#rest.take());
    }
    if (lineEnd + 1 < bytes.length && !this.#isSkipping) this.#keep(bytes.subarray(lineEnd + 1));
  }

  /** Keeps the beginning of a line. */
  #keep(bytes: Buffer): void {
    if (this.#isSkipping) return;
    if (this.#parser.hasEnded) {
      this.#behindEnd(bytes);
      return;
    }
    const { maxLineBytes } = this.#settings;
    if (this.#rest.length + bytes.length > maxLineBytes) {
      this.#passOver(bytes);
      return;
    }
    this.#rest.add(bytes);
  }

  /** Reports a line that is too long; its rest is passed over. */
  #passOver(bytes: Buffer): void {
    const text = (this.#rest.length > 0 ? this.#rest.bytes : bytes).toString('latin1', 0, 200);
    const place: Place = { text, lineAt: 0, line: ++this.#parser.line, isBytes: true };
    this.log.report('limit', place, 0, `maxLineBytes is ${this.#settings.maxLineBytes}`);
    this.#rest.take();
    this.#isSkipping = true;
  }

  #behindEnd(bytes: Buffer): void {
    // Behind U+0000, which ends a text page, Prometheus reads nothing.
    if (bytes.length === 0 || this.#settings.format === 'text') return;
    // Nor does it see more of them behind the end of OpenMetrics.
    if (this.log.isPrometheus && bytes.every((byte) => byte === 0)) return;
    const parser = this.#parser;
    if (!parser.isEndReported)
      this.log.report('after_end', { text: '', lineAt: 0, line: parser.line + 1 }, 0);
    parser.isEndReported = true;
  }

  /** Reads whole lines. */
  #read(bytes: Buffer): void {
    const isBytes = !isAscii(bytes) && !isUtf8(bytes);
    // The text of ASCII is a view of half the size.
    const text = bytes.toString(isBytes || isAscii(bytes) ? 'latin1' : 'utf8');
    const parser = this.#parser;
    const lineBefore = parser.line;
    const used = parser.read(text, isBytes, this.#hasEnded);
    if (used < text.length) {
      this.#keep(Buffer.from(text.slice(used), isBytes ? 'latin1' : 'utf8'));
      this.#again = Math.max(LEAST_AGAIN, 2 * this.#rest.length);
    }
    const { maxLines } = this.#settings;
    if (parser.line <= maxLines) return;
    let lineAt = 0;
    for (let line = lineBefore; line < maxLines; line++) lineAt = text.indexOf('\n', lineAt) + 1;
    const place: Place = { text, lineAt, line: maxLines + 1 };
    this.log.stop('limit', place, lineAt, `maxLines is ${maxLines}`);
  }
}

function feedsIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}
