/** A generator of numbers that gives the same ones for a seed. */
export type Random = (below: number) => number;

/** Numbers by xorshift: good enough to choose from, and the same on every machine. */
export function seeded(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)]!;
}

/** Any bytes. */
export function randomBytes(random: Random, most = 2048): Buffer {
  return Buffer.from(Array.from({ length: random(most) }, () => random(256)));
}

const METHODS = ['GET', 'HEAD', 'POST', 'CONNECT', 'PRI', 'OPTIONS', 'get', 'TRACE', 'SOURCE', ''];
const TARGETS = [
  '/metrics',
  '/',
  '*',
  '/view?match[]={i=~"(a|b)*"}',
  '/metrics?name[]=a&shard=1/3',
  '/metrics?match[]={',
  'http://a/metrics',
  'a:443',
  '/-/ready',
  '/%zz?%zz',
  '//[::1',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/9.9', 'HTTP/1.1 ', ''];
const HEADERS = [
  'Host: x',
  'Host: x',
  'Connection: close',
  'Connection: keep-alive, upgrade',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'Expect: 100-continue',
  'Expect: x',
  'Content-Length: 5',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Accept: application/openmetrics-text;version=1.0.0',
  'Accept-Encoding: gzip',
  'Authorization: Basic !!!',
  'X-Prometheus-Scrape-Timeout-Seconds: -1e309',
  'Range: bytes=0-1',
  ' folded',
  ':',
];
const LINES = ['\r\n', '\r\n', '\r\n', '\n', '\r'];

/** Something like the head of a request, and often a body. */
export function randomHead(random: Random): Buffer {
  const line = [pick(random, METHODS), pick(random, TARGETS), pick(random, VERSIONS)];
  const headers = Array.from({ length: random(7) }, () => pick(random, HEADERS));
  if (random(12) === 0) headers.push(`X: ${'x'.repeat(random(20_000))}`);
  const end = pick(random, LINES);
  const text = Buffer.from([line.join(' '), ...headers, '', ''].join(end), 'latin1');
  const body = pick(random, ['', '', '5\r\nabcde\r\n0\r\n\r\n', 'ffffffff;x=y\r\n', 'abcde']);
  return mutated(random, Buffer.concat([text, Buffer.from(body)]));
}

/** Sometimes with a few other bytes. */
function mutated(random: Random, bytes: Buffer): Buffer {
  if (random(3) > 0 || bytes.length === 0) return bytes;
  for (let i = random(4); i >= 0; i--) bytes[random(bytes.length)] = random(256);
  return bytes;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Heads by the static table of HPACK: GET, HEAD of a literal, https, a path, and what is none. */
const BLOCKS = [
  Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x78]),
  Buffer.from([0x82, 0x87, 0x44, 0x08, ...Buffer.from('/metrics'), 0x41, 0x01, 0x78]),
  Buffer.from([0x02, 0x07, ...Buffer.from('CONNECT'), 0x41, 0x01, 0x78]),
  Buffer.from([0x82, 0x87, 0x84, 0x23, 0x01, 0x78]),
  Buffer.from([0x3f, 0xff, 0xff, 0xff, 0x7f]),
];

/** A session of HTTP/2: its preface, and frames that may be sound. */
export function randomFrames(random: Random): Buffer {
  const frames = Array.from({ length: 1 + random(20) }, () => randomFrame(random));
  const settings = frame(4, 0, 0, Buffer.alloc(0));
  return mutated(random, Buffer.concat([PREFACE, settings, ...frames]));
}

function randomFrame(random: Random): Buffer {
  const stream = pick(random, [0, 1, 1, 3, 5, 2, 7, 0x7fffffff]);
  if (random(2) === 0)
    return frame(1, pick(random, [4, 5, 5, 5, 0x2c]), stream, pick(random, BLOCKS));
  const payload =
    random(2) === 0 ? randomBytes(random, 64) : Buffer.alloc(pick(random, [0, 4, 5, 6, 8]));
  return frame(random(13), random(256), stream, payload);
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
