import type { SnapshotPoint } from '../../model/metric-point.ts';
import { parseSeriesId, seriesName } from '../../model/series-id.ts';
import { stampPoint } from '../../model/stamp.ts';

/** How a sample stands in the store: its time and value in decimals that read back to the same doubles. */
export function formatSample(value: number, updatedAt: number): string {
  return `${decimal(updatedAt)} ${decimal(value)}`;
}

function decimal(number: number): string {
  // The shortest form of -0 that JavaScript knows is `0`, which would lose the sign.
  return Object.is(number, -0) ? '-0' : String(number);
}

/**
 * Makes points of what stands in the store. Points of one family mostly have the same labels, so their names
 * are looked for where they are expected (a third of the cost of a snapshot: bench/stores/redis).
 */
export class SampleReader {
  #names: readonly string[] = [];
  // What stands before each label's value: `{a="`, `",b="`.
  #heads: readonly string[] = [];
  #name = '';

  /** Reads an id and the text of its sample. */
  sample(id: string, text: string): SnapshotPoint {
    const space = text.indexOf(' ');
    return this.#point(id, Number(text.slice(space + 1)), Number(text.slice(0, space)));
  }

  #point(id: string, value: number, updatedAt: number): SnapshotPoint {
    const labels = this.#labelsOf(id) ?? this.#parse(id);
    return stampPoint({ name: this.#name, labels, value, updatedAt }, id);
  }

  /** The labels of an id that has the name and labels of the one before, and no escapes. */
  #labelsOf(id: string): Record<string, string> | undefined {
    const heads = this.#heads;
    if (heads.length === 0 || id.includes('\\')) return undefined;
    const first = id.indexOf('{');
    if (first < 0) return undefined;
    if (first !== this.#name.length || !id.startsWith(this.#name)) this.#name = id.slice(0, first);
    const labels: Record<string, string> = {};
    let at = first;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (!id.startsWith(head, at)) return undefined;
      const start = at + head.length;
      // Without escapes the next quote ends the value.
      at = id.indexOf('"', start);
      labels[this.#names[i]!] = id.slice(start, at);
    }
    return at === id.length - 2 ? labels : undefined;
  }

  #parse(id: string): SnapshotPoint['labels'] {
    const { labels } = parseSeriesId(id);
    this.#name = seriesName(id);
    const names = Object.keys(labels);
    // `__proto__` cannot be set by assignment.
    const isPlain = names.every((name) => name !== '__proto__');
    this.#names = isPlain ? names : [];
    this.#heads = this.#names.map((name, i) => `${i === 0 ? '{' : '",'}${name}="`);
    return labels;
  }
}
