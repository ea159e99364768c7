import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { NodeRequest } from '../http/node-exchange.ts';
import { crc32c } from './crc32c.ts';
import { BodyReceiver, readFamilies } from './pushed-body.ts';
import { decodeSnappyFrames } from './snappy-frames.ts';

const MOST = 1000;

function request(parts: Iterable<Buffer>, headers: object = {}): NodeRequest {
  return Object.assign(Readable.from(parts), { headers }) as unknown as NodeRequest;
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(100);
}

describe('a body', () => {
  const receive = (parts: Iterable<Buffer>, headers?: object): Promise<string> =>
    new BodyReceiver(MOST).receive(request(parts, headers), (body) => body.toString());

  it('is decoded by gzip, of several members too', async () => {
    const parts = [gzipSync('a 1\n'), gzipSync('b 2\n')];
    expect(await receive(parts, { 'content-encoding': 'GZIP' })).toBe('a 1\nb 2\n');
    expect(await receive([Buffer.from('x')], { 'content-encoding': 'br' })).toBe('x');
  });

  it.each([
    ['endless', endless(), {}],
    ['announced as too long', [], { 'content-length': '1001' }],
    ['a bomb', [gzipSync(Buffer.alloc(100_000))], { 'content-encoding': 'gzip' }],
  ])('that is %s is refused', async (_, parts, headers) => {
    await expect(receive(parts, headers)).rejects.toMatchObject({ status: 413 });
  });

  it.each([
    ['empty', '', 'EOF'],
    ['of no gzip', 'm 1\n', 'gzip: invalid header'],
    ['cut', gzipSync('m 1\n').subarray(0, 15), 'unexpected EOF'],
  ])('of gzip that is %s is refused', async (_, body, message) => {
    const parts = body.length === 0 ? [] : [Buffer.from(body)];
    const refused = receive(parts, { 'content-encoding': 'gzip' });
    await expect(refused).rejects.toMatchObject({ message, status: 400 });
  });

  it('of gzip that is small leaves room for many others', async () => {
    const receiver = new BodyReceiver(8 * 1024 ** 2);
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    let received = 0;
    const pushes = Array.from({ length: 100 }, () =>
      receiver.receive(
        request([gzipSync('m 1\n')], { 'content-encoding': 'gzip' }),
        async (body) => {
          // All of them wait for the disk at once.
          if (++received === 100) leave();
          await left;
          return body.toString();
        },
      ),
    );
    expect(await Promise.all(pushes)).toEqual(pushes.map(() => 'm 1\n'));
  });

  it('waits for others to leave room, or is refused', async () => {
    const receiver = new BodyReceiver(MOST);
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const held = Array.from({ length: 8 }, () =>
      receiver.receive(request([Buffer.alloc(MOST)]), () => left),
    );
    // Until each has its body.
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    const one = (): Promise<number> =>
      receiver.receive(request([Buffer.alloc(1)]), (b) => b.length);
    await expect(one()).rejects.toMatchObject({ status: 503 });
    leave();
    await Promise.all(held);
    expect(await one()).toBe(1);
  });
});

describe('framed Snappy', () => {
  const frame = (type: number, data: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(data.length * 256 + type);
    return Buffer.concat([head, data]);
  };
  const START = frame(0xff, Buffer.from('sNaPpY'));
  const chunk = (type: number, data: Buffer, plain: Buffer): Buffer => {
    const crc = crc32c(plain);
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
    return frame(type, Buffer.concat([sum, data]));
  };

  it('has the CRC that others have', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('is decoded with literals, copies that reach into themselves, and padding', () => {
    const plain = Buffer.from(`ab${'ab'.repeat(20)}`);
    // A length, a literal of two bytes, and a copy of 40 bytes from two bytes before.
    const block = Buffer.from([42, 0x04, 0x61, 0x62, (39 << 2) | 2, 2, 0]);
    const body = Buffer.concat([
      START,
      chunk(0, block, plain),
      frame(0xfe, Buffer.alloc(3)),
      chunk(1, Buffer.from('x'), Buffer.from('x')),
    ]);
    expect(decodeSnappyFrames(body, MOST).toString()).toBe(`${plain.toString()}x`);
    expect(decodeSnappyFrames(Buffer.alloc(0), MOST)).toHaveLength(0);
    expect(() => decodeSnappyFrames(body, 42)).toThrow('more than 42 bytes');
    for (let end = 1; end < body.length; end++) {
      const isWhole = [START.length, START.length + chunk(0, block, plain).length].includes(end);
      const isPadded = end === body.length - 9;
      const cut = (): Buffer => decodeSnappyFrames(body.subarray(0, end), MOST);
      if (!isWhole && !isPadded) expect(cut, `cut at ${end}`).toThrow('snappy: corrupt input');
    }
  });
});

describe('the families of a body', () => {
  const PROTOBUF =
    'application/vnd.google.protobuf; encoding="delimited" ; proto=io.prometheus.client.MetricFamily';
  const pushed = (bytes: string) => readFamilies(Buffer.from(bytes, 'latin1'), undefined, false);

  it('are read from text line by line, parts of one histogram in any order', () => {
    const families = pushed(
      '# TYPE h Histogram\nh_sum{x="1"} 3\na 1\nh_bucket{le="1.0",x="1"} 2\nh_count{x="1"} 2.5\n',
    );
    const { metrics } = families.get('h')!;
    expect(metrics).toEqual([
      {
        labels: new Map([['x', '1']]),
        value: {
          count: 2.5,
          sum: 3,
          buckets: [
            [1, 2],
            [Infinity, 2.5],
          ],
        },
        hasTimestamp: false,
        line: 2,
      },
    ]);
    expect(families.get('a')?.metrics[0]?.line).toBe(3);
  });

  it.each([
    ['m 1', 1, 'unexpected end of input stream'],
    ['a 1\nm{x="1" 1\n', 2, 'unexpected end of label value "1"'],
    ['m{x="\\q"} 1\n', 1, "invalid escape sequence '\\q'"],
    ['m 1_0\n', 1, 'expected float as value, got "1_0"'],
    ['m{x=\xff"1"} 1\n', 1, "expected '\"' at start of label value, found 'ÿ'"],
    ['m{x=\xa0"1"} 1\n', 1, "expected '\"' at start of label value, found '\\u00a0'"],
    [
      '# TYPE h histogram\nh_bucket{le="\0"} 1\n',
      2,
      `expected float as value for 'le' label, got "\\x00"`,
    ],
    [
      '# TYPE s summary\ns{quantile="x"b} y\n',
      2,
      `expected float as value for 'quantile' label, got "x"`,
    ],
    [
      'm \xa0\xc5\x82\xc2\xad\xf3\xa0\x80\x81\n',
      1,
      'expected float as value, got "\\xa0ł\\u00ad\\U000e0001"',
    ],
  ])('are refused by the line: %j', (text, line, message) => {
    expect(() => pushed(text)).toThrow(
      expect.objectContaining({
        message: `text format parsing error in line ${line}: ${message}`,
        line,
      }),
    );
  });

  it('may have a bound twice, of which the last one counts', () => {
    const { metrics } = pushed('# TYPE h histogram\nh_bucket{le="1",le="+Inf"} 2\n').get('h')!;
    expect(metrics[0]?.value).toMatchObject({ buckets: [[Infinity, 2]] });
  });

  it('of protobuf must have names in UTF-8', () => {
    const read = (hex: string) => readFamilies(Buffer.from(hex, 'hex'), PROTOBUF, false);
    // Families of a gauge: without a name, with a byte in it that is no UTF-8, and a sound one.
    expect(() => read('110a001801220b1209090000000000000000')).toThrow(
      'a metric family has no name',
    );
    expect(() => read('120a01ff1801220b1209090000000000000000')).toThrow('not valid UTF-8');
    const sound = '120a01671801220b1209090000000000000000';
    expect([...read(sound).keys()]).toEqual(['g']);
    // The same family as a counter, which it is not: only the last one counts, and malformed ones
    // come before those that cannot be kept.
    const wrong = '120a01671800220b1209090000000000000000';
    expect(() => read(sound + wrong)).toThrow('"g" is not a COUNTER');
    expect([...read(wrong + sound).keys()]).toEqual(['g']);
    expect(() => read(`${wrong}05`)).toThrow('unexpected EOF');
    // Two labels of one name, and a value that is cut.
    const twice = '0a030a0178'.repeat(2);
    expect(() => read(`160a01671801220f${twice}1203090000`)).toThrow('invalid wire-format');
  });

  it('of protobuf may have buckets behind that for infinity', () => {
    const infinite = '1a0b080211000000000000f07f';
    const second = '1a0b080111000000000000f03f';
    const family = `250a01681804221e3a1c0801${infinite}${second}`;
    const { metrics } = readFamilies(Buffer.from(family, 'hex'), PROTOBUF, false).get('h')!;
    expect(metrics[0]?.value).toMatchObject({
      buckets: [
        [Infinity, 2],
        [1, 1],
      ],
    });
  });
});
