import type { SnapshotPoint } from '../../model/metric-point.ts';
import { parseSeriesId } from '../../model/series-id.ts';
import { stampPoint } from '../../model/stamp.ts';

/**
 * Makes points of series ids. Ids that follow each other mostly have the same name and the same labels, so
 * they are not parsed anew: only what stands between the quotes is taken (bench/stores: a snapshot).
 */
export class PointReader {
  #name = '';
  // What stands before each label's value in ids of the last shape: `up{a="`, `",b="`. None: no shape.
  #heads: readonly string[] = [];
  #labels: readonly string[] = [];

  /** A frozen point that carries its id. */
  point(id: string, value: number, updatedAt: number): SnapshotPoint {
    const labels = this.#labelsOf(id);
    if (labels === undefined) return this.#parse(id, value, updatedAt);
    return stampPoint({ name: this.#name, labels, value, updatedAt }, id);
  }

  #labelsOf(id: string): Record<string, string> | undefined {
    const heads = this.#heads;
    const labels: Record<string, string> = {};
    let at = 0;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (!id.startsWith(head, at)) return undefined;
      const start = at + head.length;
      at = id.indexOf('"', start);
      const value = id.slice(start, at);
      // With a backslash the quote may be part of the value, and the value is not the text.
      if (value.includes('\\')) return undefined;
      labels[this.#labels[i]!] = value;
    }
    return at > 0 && at + 2 === id.length ? labels : undefined;
  }

  #parse(id: string, value: number, updatedAt: number): SnapshotPoint {
    const { name, labels } = parseSeriesId(id);
    this.#name = name;
    this.#labels = Object.keys(labels);
    // `__proto__` cannot be set by assignment.
    const isPlain = !this.#labels.includes('__proto__');
    this.#heads = isPlain
      ? this.#labels.map((label, i) => (i === 0 ? `${name}{${label}="` : `",${label}="`))
      : [];
    return stampPoint({ name, labels, value, updatedAt }, id);
  }
}
