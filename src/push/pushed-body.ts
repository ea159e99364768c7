import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { NodeRequest } from '../http/node-exchange.ts';
import { readProtobufBody } from './protobuf-body.ts';
import { PushError, type PushedFamilies } from './pushed-families.ts';
import { decodeSnappyFrames, tooLarge } from './snappy-frames.ts';
import { readTextBody } from './text-body.ts';

const inflate = promisify(gunzip);

/** How many bodies of the largest size may be held at once, received or not yet as a whole. */
const MOST_BODIES = 8;
/** A byte of deflate or snappy is decoded to no more bytes than this. */
const MOST_EXPANSION = 1032;

/** Receives bodies within a limit for each, and one for all together. */
export class BodyReceiver {
  readonly #most: number;
  readonly #mostTogether: number;
  #held = 0;

  /** @param most - the most bytes of a body, as it comes and once it is decoded. */
  constructor(most: number) {
    this.#most = most;
    this.#mostTogether = most * MOST_BODIES;
  }

  /**
   * Receives and decodes the body of a request, and hands it to a function. Until that has returned
   * the body counts for the limit.
   *
   * @throws PushError of status 400, 413, or 503 if too much is held.
   */
  async receive<T>(request: NodeRequest, use: (body: Buffer) => T | Promise<T>): Promise<T> {
    let held = 0;
    const count = (bytes: number): void => {
      held += bytes;
      this.#held += bytes;
    };
    const hold = (bytes: number): void => {
      count(bytes);
      if (this.#held > this.#mostTogether) {
        throw new PushError(503, 'busy', 'too many pushes are under way; try again later');
      }
    };
    try {
      const parts: Buffer[] = [];
      let size = 0;
      if (Number(request.headers['content-length']) > this.#most) throw tooLarge(this.#most);
      for await (const part of request as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > this.#most) throw tooLarge(this.#most);
        hold(part.length);
        parts.push(part);
      }
      const coding = codingOf(request);
      const body = Buffer.concat(parts);
      if (coding === undefined) return await use(body);
      const room = Math.min(this.#most, size * MOST_EXPANSION);
      hold(room);
      const decoded = await this.#decoded(body, coding);
      // Small bodies that wait for the disk must leave room for others.
      count(decoded.length - room);
      return await use(decoded);
    } finally {
      this.#held -= held;
    }
  }

  async #decoded(body: Buffer, coding: 'gzip' | 'snappy'): Promise<Buffer> {
    if (coding === 'snappy') return decodeSnappyFrames(body, this.#most);
    if (body.length === 0) throw new PushError(400, 'gzip', 'EOF');
    try {
      return await inflate(body, { maxOutputLength: this.#most });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(this.#most);
      throw new PushError(400, 'gzip', GZIP_FAULTS[message] ?? 'flate: corrupt input');
    }
  }
}

/** The texts of Go for those of zlib. */
const GZIP_FAULTS: Readonly<Record<string, string>> = {
  'incorrect header check': 'gzip: invalid header',
  'unexpected end of file': 'unexpected EOF',
  'incorrect data check': 'gzip: invalid checksum',
  'incorrect length check': 'gzip: invalid checksum',
};

type Coding = 'gzip' | 'snappy' | undefined;

/** The coding of a body; any other than these two, and several of them, are ignored. */
export function codingOf({ headers }: Pick<NodeRequest, 'headers'>): Coding {
  const coding = String(headers['content-encoding'] ?? '').toLowerCase();
  return coding === 'gzip' || coding === 'snappy' ? coding : undefined;
}

/**
 * Reads the families of a body. Only a full Content-Type of protobuf is protobuf; all else is text.
 *
 * @throws PushError if it cannot be read.
 */
export function readFamilies(
  body: Buffer,
  contentType: string | undefined,
  allowsUtf8: boolean,
): PushedFamilies {
  return isProtobuf(contentType) ? readProtobufBody(body) : readTextBody(body, allowsUtf8);
}

const PARAMETER = /;\s*([^\s;=]+)\s*=\s*(?:"([^"]*)"|([^\s;"]*))\s*/y;

function isProtobuf(contentType: string = ''): boolean {
  const [mediaType = ''] = contentType.split(';', 1);
  if (mediaType.trim().toLowerCase() !== 'application/vnd.google.protobuf') return false;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = mediaType.length;
  for (
    let found = PARAMETER.exec(contentType);
    found !== null;
    found = PARAMETER.exec(contentType)
  ) {
    parameters.set(found[1]!.toLowerCase(), found[2] ?? found[3]!);
  }
  return (
    parameters.get('proto') === 'io.prometheus.client.MetricFamily' &&
    parameters.get('encoding') === 'delimited'
  );
}
