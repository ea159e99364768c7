import { describe, expect, it } from 'vitest';
import type { EncodedLines, IndexedLines } from './encoder.ts';
import { arrangeMetrics, type ManyLinedFamily } from './metric-order.ts';

type Type = ManyLinedFamily['type'];

/** A chunk of lines, each with what stands behind its value. */
function chunkOf(
  ...lines: readonly (readonly [line: string, tail?: string | undefined])[]
): EncodedLines {
  const tails = lines.map(([, tail]) => tail);
  const text = Buffer.from(lines.map(([line]) => `${line}\n`).join(''));
  return { text, tails: tails.some(Boolean) ? tails : undefined };
}

function done<T>(steps: Generator<undefined, T, undefined>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function arranged(chunks: readonly EncodedLines[], name: string, type: Type, whole = chunks) {
  return arrangeMetrics(chunks, { name, type, whole });
}

/** The lines with their tails, as they stand on a page. */
function linesOf(
  chunks: readonly EncodedLines[],
  name: string,
  type: Type,
  whole = chunks,
): string[] {
  return done(arranged(chunks, name, type, whole)).flatMap(({ text, tails }) =>
    text
      .toString()
      .trimEnd()
      .split('\n')
      .map((line, i) => line + (tails?.[i] ?? '')),
  );
}

describe('a set of states', () => {
  const states = (open?: string, shut?: string, other?: string): EncodedLines[] => [
    chunkOf(['door{door="open",room="a"} 1', open], ['door{door="open",room="é"} 1', other]),
    chunkOf(['door{door="shut",room="a"} 0', shut]),
  ];

  it('stands together, and has its time if all states have the same', () => {
    expect(linesOf(states(' 5', ' 5'), 'door', 'stateset')).toEqual([
      'door{door="open",room="a"} 1 5',
      'door{door="shut",room="a"} 0 5',
      'door{door="open",room="é"} 1',
    ]);
  });

  it.each([
    [' 5', undefined],
    [undefined, ' 5'],
    [' 5', ' 6'],
    [' 6', ' 5'],
  ])('has no time if its states have%s and%s', (open, shut) => {
    expect(linesOf(states(open, shut, ' 7'), 'door', 'stateset')).toEqual([
      'door{door="open",room="a"} 1',
      'door{door="shut",room="a"} 0',
      'door{door="open",room="é"} 1 7',
    ]);
  });

  it('is shown as a part of it is', () => {
    const states = ['open', 'shut'].flatMap((state) =>
      ['b', 'a'].map((room) => `d{d="${state}",room="${room}"} 1`),
    );
    const chunks = [chunkOf([states[0]!, ' 5'], [states[1]!], [states[2]!, ' 6'], [states[3]!])];
    const part = [chunkOf([states[1]!], [states[2]!, ' 6'])];
    const all = linesOf(chunks, 'd', 'stateset');
    expect(all).toEqual([states[1], states[3], states[0], states[2]]);
    const selected = linesOf(part, 'd', 'stateset', chunks);
    expect(selected).toEqual(all.filter((line) => selected.includes(line)));
  });

  it('keeps what else stands behind a value', () => {
    const chunks = [chunkOf(['d{d="a"} 1', ' 5 st@1'], ['d{d="b"} 1', ' # {t="1"} 2 3'])];
    expect(linesOf(chunks, 'd', 'stateset')).toEqual([
      'd{d="a"} 1 st@1',
      'd{d="b"} 1 # {t="1"} 2 3',
    ]);
  });

  it('is told where its lines and ids end', () => {
    const [lines] = done(arranged(states(), 'door', 'stateset')) as IndexedLines[];
    const ends = [...lines!.lineEnd].map((end, i) => [
      lines!.text.subarray(lines!.idEnd[i], end).toString(),
      lines!.text[end - 1],
    ]);
    expect(ends).toEqual([
      [' 1\n', 10],
      [' 0\n', 10],
      [' 1\n', 10],
    ]);
  });
});

describe('infos', () => {
  const infos = (...times: readonly (string | undefined)[]): EncodedLines[] =>
    times.map((time, i) => chunkOf([`b_info{v="${i}"} 1`, time]));

  it('have several times', () => {
    const chunks = infos(' 6', ' 5');
    expect(done(arranged(chunks, 'b_info', 'info'))).toBe(chunks);
  });

  it('have no time if one of them has none', () => {
    expect(linesOf(infos(' 6', undefined, ' 5'), 'b_info', 'info')).toEqual([
      'b_info{v="0"} 1',
      'b_info{v="1"} 1',
      'b_info{v="2"} 1',
    ]);
  });
});

describe('the lines of a family', () => {
  it('are those that were given if they are in order', () => {
    const chunks = [chunkOf(['d{d="a"} 1']), chunkOf(['d{d="b"} 1'])];
    expect(done(arranged(chunks, 'd', 'stateset'))).toBe(chunks);
  });

  it('are arranged once, however many ask for them at once', () => {
    const chunks = ['a', 'b', 'c'].map((state) =>
      chunkOf([`d{d="${state}",r="1"} 1`], [`d{d="${state}",r="2"} 1`]),
    );
    const all = [1, 2, 3].map(() => arranged(chunks, 'd', 'stateset'));
    let steps = 0;
    const results = all.map(() => undefined as unknown);
    while (results.includes(undefined)) {
      for (const [i, each] of all.entries()) {
        if (results[i] !== undefined) continue;
        const step = each.next();
        steps++;
        if (step.done === true) results[i] = step.value;
      }
    }
    expect(new Set(results).size).toBe(1);
    expect(done(arranged(chunks, 'd', 'stateset'))).toBe(results[0]);
    // Three chunks, the order, and the end that each is told.
    expect(steps).toBeLessThan(9);
  });

  it('are arranged anew after a failure', () => {
    const chunk = chunkOf(['d{d="a"} 1']);
    let fails = true;
    const broken = {
      get text(): Buffer {
        if (fails) throw new Error('out of memory');
        return chunk.text;
      },
    };
    const chunks = [broken];
    const other = arranged(chunks, 'd', 'stateset');
    expect(() => other.next()).toThrow('out of memory');
    fails = false;
    expect(done(arranged(chunks, 'd', 'stateset'))).toBe(chunks);
  });
});
