import { gzipSync } from 'node:zlib';
import type { Random } from '../../support/random-bytes.ts';
import { mutatedPages } from '../page-mutation.ts';
import { PARTS } from './parts.ts';
import { pick, protobufPage, textPage } from './pushed-pages.ts';

/** A request to a gateway. */
export interface GatewayRequest {
  readonly method: string;
  /** The target as it is sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the body is sent in chunks, without a length in front. */
  readonly isChunked: boolean;
}

const JOBS = PARTS.jobs;
const BAD_JOBS = PARTS.badJobs;
const LABELS = PARTS.groupLabels;
const OTHER_PATHS = PARTS.otherPaths;
const METHODS = PARTS.methods;
const TEXT_TYPES = PARTS.textTypes;
const PROTOBUF_TYPES = PARTS.protobufTypes;

/** Gives sequences of requests: the same ones for a seed. */
export class PushScenarios {
  readonly #random: Random;
  readonly #isOld: boolean;
  readonly #texts: Generator<{ body: Buffer }, never>;
  readonly #protobufs: Generator<{ body: Buffer }, never>;

  /** @param isOld - whether the original is that of version 1.5.1. */
  constructor(random: Random, isOld: boolean) {
    this.#random = random;
    this.#isOld = isOld;
    this.#texts = mutatedPages('text', random(1e6));
    this.#protobufs = mutatedPages('protobuf', random(1e6));
  }

  /** Some requests, about ten, below a prefix. */
  next(prefix: string): readonly GatewayRequest[] {
    const length = 6 + this.#random(9);
    return Array.from({ length }, () => {
      const request = this.#request();
      return this.#random(40) === 0 ? request : { ...request, path: prefix + request.path };
    });
  }

  #request(): GatewayRequest {
    const random = this.#random;
    const kind = random(20);
    if (kind < 2) return this.#plain(pick(random, METHODS), pick(random, OTHER_PATHS));
    if (kind === 2) return this.#plain(pick(random, METHODS), this.#groupPath());
    if (kind === 3) return this.#plain('GET', pick(random, OTHER_PATHS));
    if (kind === 4) {
      const wipe = random(3) > 0 ? '/api/v1/admin/wipe' : '/-/quit';
      // Once it is told to end, there is nothing to compare.
      const isEnd = wipe === '/-/quit';
      return this.#plain(pick(random, isEnd ? ['GET', 'HEAD'] : METHODS), wipe);
    }
    if (kind < 7) return this.#plain('DELETE', this.#groupPath());
    return this.#push();
  }

  #plain(method: string, path: string): GatewayRequest {
    return { method, path, headers: {}, body: Buffer.alloc(0), isChunked: false };
  }

  #groupPath(): string {
    const random = this.#random;
    const isOdd = random(6) === 0;
    const jobs = this.#isOld ? JOBS : [...JOBS, ...BAD_JOBS];
    const job = isOdd ? pick(random, jobs) : pick(random, JOBS.slice(0, 6));
    const most = pick(random, [0, 0, 1, 1, 2, 3]);
    const labels = Array.from({ length: most }, () =>
      random(3) === 0 ? pick(random, LABELS) : pick(random, LABELS.slice(0, 5)),
    );
    const path = `/metrics/job${job}${labels.join('')}`;
    return this.#isOld && hangs(path) ? this.#groupPath() : path;
  }

  #page(isProtobuf: boolean): Buffer {
    const random = this.#random;
    const mutated = isProtobuf ? this.#protobufs : this.#texts;
    const own = isProtobuf ? protobufPage : textPage;
    const page = random(6) === 0 ? mutated.next().value.body : own(random);
    const isNewer = this.#isOld && !isProtobuf && NEWER.test(page.toString('latin1'));
    return isNewer ? this.#page(isProtobuf) : page;
  }

  #push(): GatewayRequest {
    const random = this.#random;
    const isProtobuf = random(5) === 0;
    let body = this.#page(isProtobuf);
    const headers: Record<string, string> = {};
    const type = isProtobuf ? pick(random, PROTOBUF_TYPES) : pick(random, TEXT_TYPES);
    if (isProtobuf || random(4) === 0) headers['content-type'] = type;
    const encoding = pick(random, ['', '', '', '', '', '', 'gzip', 'odd']);
    if (encoding === 'gzip') {
      headers['content-encoding'] = 'gzip';
      body = pick(random, [
        gzipSync,
        gzipSync,
        this.#isOld ? notGzipped : gzippedBadly,
        twiceGzipped,
      ])(body);
    } else if (encoding === 'odd') {
      headers['content-encoding'] = pick(random, [
        'identity',
        'deflate',
        'gzip, identity',
        'br',
        '',
      ]);
    }
    return {
      method: pick(random, ['PUT', 'POST']),
      path: this.#groupPath(),
      headers,
      body,
      isChunked: random(6) === 0,
    };
  }
}

/** Whether the original of version 1.5.1 keeps a lock for ever: the job is not in base64. */
function hangs(path: string): boolean {
  const [, , job = '', value = ''] = path.split(/\/+/);
  const isBase64 = /^job(?:@|%40)base64$/i.test(job);
  const digits = value.replace(/=+$/, '');
  return isBase64 && (digits.length % 4 === 1 || !/^[\w-]*$/.test(digits));
}

/** What the original of version 1.5.1 reads otherwise: names in quotes, counts that are not whole. */
const NEWER =
  /(?:^|[\n{,]|TYPE|HELP)\s*"|gauge_?histogram|(?:_bucket|_count)\S*[ \t]+(?!\+?\d{1,15}(?:e[0-6])?\s)|HELP[^\n]*\\"/i;

function notGzipped(body: Buffer): Buffer {
  return body.length % 2 === 0 ? body : Buffer.alloc(0);
}

function gzippedBadly(body: Buffer): Buffer {
  const bytes = gzipSync(body);
  const kind = body.length % 4;
  if (kind === 0) return bytes.subarray(0, bytes.length >> 1);
  if (kind === 1) return body;
  if (kind === 2) return Buffer.alloc(0);
  bytes[bytes.length - 6]! ^= 1;
  return bytes;
}

function twiceGzipped(body: Buffer): Buffer {
  const half = body.length >> 1;
  return Buffer.concat([gzipSync(body.subarray(0, half)), gzipSync(body.subarray(half))]);
}
