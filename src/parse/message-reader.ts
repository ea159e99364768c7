import type { ExpositionReader, ReaderSettings } from './exposition-reader.ts';
import { FaultLog } from './fault-log.ts';
import { HeldBytes } from './held-bytes.ts';
import type { ReadPart } from './page-reader.ts';
import { messageBounds, ProtobufReader } from './protobuf-reader.ts';
import { WireError } from './wire-reader.ts';

/** The longest protobuf message: a family with all its series. */
const LONGEST_MESSAGE = 64 * 1024 * 1024;

/** Cuts bytes into messages. */
export class MessageReader implements ExpositionReader {
  readonly log: FaultLog;
  readonly #maxBytes: number;
  readonly #maxMessage: number;
  readonly #page: ProtobufReader;
  readonly #rest = new HeldBytes();
  #needed = 0;
  #size = 0;

  constructor(settings: ReaderSettings) {
    const { maxBytes, maxLineBytes, maxLabels, maxLines, maxFamilies } = settings;
    this.log = new FaultLog(settings.rules, settings.maxFaults, settings.ignored);
    this.#page = new ProtobufReader(this.log, maxLabels, maxLines, maxFamilies);
    this.#maxBytes = maxBytes;
    this.#maxMessage = Math.max(maxLineBytes, LONGEST_MESSAGE);
  }

  write(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size > this.#maxBytes) this.#stop(`maxBytes is ${this.#maxBytes}`);
    let all = bytes;
    if (this.#rest.length > 0) {
      this.#rest.add(bytes);
      // Pieces of a long message are joined once, not with each piece.
      if (this.#rest.length < this.#needed) return;
      all = this.#rest.take();
    }
    this.#rest.add(all.subarray(this.#messages(all)));
  }

  end(): void {
    if (this.#rest.length > 0) this.#stop('the last message is cut', 'protobuf');
  }

  take(): ReadPart {
    return this.#page.take();
  }

  /** Reads all whole messages and returns where the first that is not whole begins. */
  #messages(bytes: Buffer): number {
    let at = 0;
    this.#needed = 0;
    for (;;) {
      const bounds = this.#bounds(bytes, at);
      if (bounds === undefined) return at;
      const [start, end] = bounds;
      if (end - start > this.#maxMessage)
        this.#stop(`a message has more than ${this.#maxMessage} bytes`);
      if (end > bytes.length) {
        this.#needed = end - at;
        return at;
      }
      this.#page.message(bytes, start, end);
      at = end;
    }
  }

  #bounds(bytes: Buffer, at: number): readonly [number, number] | undefined {
    try {
      return messageBounds(bytes, at);
    } catch (error) {
      if (error instanceof WireError) this.#stop(error.message, 'protobuf');
      throw error;
    }
  }

  #stop(detail: string, rule: 'limit' | 'protobuf' = 'limit'): never {
    const { line } = this.#page.place;
    this.log.stop(rule, { text: '', lineAt: 0, line: line + 1 }, 0, detail);
  }
}
