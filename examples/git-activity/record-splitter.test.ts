import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_RECORD_BYTES, RecordSplitter } from './record-splitter.ts';

function split(chunks: readonly Uint8Array[], separator: '\n' | '\0' = '\n'): string[] {
  const records: string[] = [];
  const splitter = new RecordSplitter(separator, (record) => records.push(record));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk));
  splitter.end();
  return records;
}

test('records are the same however the bytes are cut into chunks', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), fc.array(fc.nat(400)), (records, cuts) => {
      const clean = records.map((record) => record.replaceAll('\0', ''));
      const bytes = Buffer.from(clean.map((record) => `${record}\0`).join(''));
      const chunks: Buffer[] = [];
      let from = 0;
      for (const cut of cuts) chunks.push(bytes.subarray(from, (from += cut)));
      chunks.push(bytes.subarray(from));
      const expected = clean.map((record) =>
        Buffer.byteLength(record) > MAX_RECORD_BYTES ? expect.stringMatching(/…$/) : record,
      );
      expect(split(chunks, '\0')).toEqual(expected);
    }),
  );
});

test('a long record is cut between characters and the next one is whole', () => {
  const long = 'é'.repeat(MAX_RECORD_BYTES);
  const bytes = Buffer.from(`x${long}\nnext\n`);
  const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
  const [first, second, ...rest] = split(chunks);
  expect(first).toBe(`x${'é'.repeat((MAX_RECORD_BYTES - 2) / 2)}…`);
  expect([second, ...rest]).toEqual(['next']);
  expect(split([bytes])).toEqual([first, second]);
});

test('a record of exactly the longest length is whole', () => {
  const record = 'x'.repeat(MAX_RECORD_BYTES);
  expect(split([Buffer.from(`${record}\n`)])).toEqual([record]);
  expect(split([Buffer.from(`${record}y\n`)])).toEqual([`${record}…`]);
});

test('bytes that are not UTF-8 are replaced, and the end needs no separator', () => {
  expect(split([Buffer.from('a\xffb\nc', 'latin1')])).toEqual(['a\uFFFDb', 'c']);
});

test('an endless record takes little memory', () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const records: string[] = [];
  const splitter = new RecordSplitter('\n', (record) => records.push(record));
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 64; i++) splitter.write(chunk);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  splitter.end();
  expect(records).toHaveLength(1);
});
