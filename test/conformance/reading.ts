/** An answer of the handler: the bytes, and what they are said to be. */
export interface Exposition {
  readonly contentType: string;
  readonly body: Buffer;
}

/** One sample as a parser read it. */
export interface ReadSample {
  /** Pairs, as found, so that a repeated label stays visible; the name is the label `__name__`. */
  readonly labels: readonly (readonly [string, string])[];
  /** The bits of the double in hexadecimal; `NaN` for all its forms. */
  readonly value: string;
  /** In milliseconds; missing where the line has none. */
  readonly timestamp?: number;
  /** When the series began, in milliseconds; missing if that is not said. */
  readonly start?: number;
  readonly exemplars?: readonly ReadExemplar[];
  /** The value of a native histogram; `value` is its count, `+` and its sum then. */
  readonly histogram?: ReadHistogram;
}

/** An exemplar as a parser read it. */
export interface ReadExemplar {
  readonly labels: readonly (readonly [string, string])[];
  readonly value: string;
  readonly timestamp?: number;
}

/** A native histogram as a parser read it: absolute counts; doubles as their bits. */
export interface ReadHistogram {
  readonly isInteger: boolean;
  readonly count: string;
  readonly sum: string;
  readonly schema: number;
  readonly zeroThreshold: string;
  readonly zeroCount: string;
  readonly positiveSpans: readonly (readonly [number, number])[];
  readonly positiveBuckets: readonly string[];
  readonly negativeSpans: readonly (readonly [number, number])[];
  readonly negativeBuckets: readonly string[];
}

/** What the metadata of one family says, as a parser read it. */
export interface ReadFamily {
  readonly name: string;
  readonly type?: string;
  readonly help?: string;
  readonly unit?: string;
}

/** What a parser made of an exposition. */
export interface Reading {
  readonly samples: readonly ReadSample[];
  readonly families: readonly ReadFamily[];
  /** Why the parser refused the whole exposition; nothing else is set then. */
  readonly error?: string;
}

/** A double as readings write it. */
export function valueBits(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

/** Puts samples and their labels in an order that depends on nothing but what they are. */
export function sortedSamples(samples: readonly ReadSample[]): ReadSample[] {
  return samples
    .map((sample) => ({ ...sample, labels: [...sample.labels].sort(byJson) }))
    .sort(byJson);
}

/**
 * Puts families in the order of their names, and drops what is empty, which some parsers leave out.
 */
export function sortedFamilies(families: readonly ReadFamily[]): ReadFamily[] {
  return families
    .map(({ name, type, help, unit }) => ({
      name,
      ...(type ? { type } : {}),
      ...(help ? { help } : {}),
      ...(unit ? { unit } : {}),
    }))
    .sort(byJson);
}

function byJson(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
