import type { SnapshotPoint } from '../../model/metric-point.ts';
import { describeSubject, type RejectionReason } from '../../model/rejection.ts';
import { parseSeriesId, seriesId } from '../../model/series-id.ts';
import { trustPoint } from '../../model/trusted-point.ts';

/** Called with a record that is not served: why it is refused, and which series it is of. */
export type OnRefused = (reason: RejectionReason, subject: string) => void;

/**
 * Makes points of series ids and samples. What is in the file is input like any other, so what is
 * no series, or has no sample, is refused. Ids that follow each other mostly have the same name and
 * the same label names, so only what is between the quotes is taken (bench/stores: a snapshot).
 */
export class PointReader {
  #name = '';
  // What stands before each label's value in ids of the last shape: `up{a="`, `",b="`. None: no
  // shape.
  #heads: readonly string[] = [];
  #labels: readonly string[] = [];
  readonly #onRefused: OnRefused;

  /** @param onRefused - called with what is refused. Default: nothing. */
  constructor(onRefused: OnRefused = () => undefined) {
    this.#onRefused = onRefused;
  }

  /** A frozen point that carries its id; undefined if it was refused. */
  point(id: string, value: number, updatedAt: number): SnapshotPoint | undefined {
    const labels = this.#labelsOf(id) ?? this.#parse(id);
    if (labels === undefined) {
      this.#onRefused('invalid_labels', describeSubject(id));
      return undefined;
    }
    if (!Number.isFinite(updatedAt)) {
      this.#onRefused('invalid_value', id.slice(0, 200));
      return undefined;
    }
    return trustPoint({ name: this.#name, labels, value, updatedAt }, id);
  }

  #labelsOf(id: string): Record<string, string> | undefined {
    const heads = this.#heads;
    // With a backslash a quote may be part of a value, and the value is not the text.
    if (id.includes('\\') || id.includes('\n')) return undefined;
    const labels: Record<string, string> = {};
    let at = 0;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (!id.startsWith(head, at)) return undefined;
      const start = at + head.length;
      at = id.indexOf('"', start);
      // A label without a value is in no id.
      if (at <= start) return undefined;
      labels[this.#labels[i]!] = id.slice(start, at);
    }
    return at > 0 && at + 2 === id.length && id.endsWith('}') ? labels : undefined;
  }

  #parse(id: string): Readonly<Record<string, string>> | undefined {
    const series = parsed(id);
    if (series === undefined) return undefined;
    const { name, labels } = series;
    this.#name = name;
    this.#labels = Object.keys(labels);
    // `__proto__` cannot be set by assignment.
    const isPlain = !this.#labels.includes('__proto__');
    this.#heads = isPlain
      ? this.#labels.map((label, i) => (i === 0 ? `${name}{${label}="` : `",${label}="`))
      : [];
    return labels;
  }
}

function parsed(id: string): ReturnType<typeof parseSeriesId> | undefined {
  try {
    const series = parseSeriesId(id);
    return seriesId(series) === id ? series : undefined;
  } catch {
    return undefined;
  }
}
