import { setLabel } from '../model/key/index.ts';
import type { Exemplar } from '../model/point-value.ts';
import { WireError, type WireReader } from './wire-reader.ts';

const MOST_LABELS_PROBED = 16;

/** Reads a `LabelPair`. */
export function readLabel(
  wire: WireReader,
  labels: Record<string, string>,
  names?: string[],
): void {
  let name = '';
  let value = '';
  wire.message(() => {
    while (wire.next()) {
      if (wire.field === 1) name = wire.text();
      else if (wire.field === 2) value = wire.text();
      else wire.skip();
    }
  });
  if (names !== undefined) {
    if (wire.isMalformed) throw new WireError('a label is not valid UTF-8', wire.at);
    if (name === '') throw new WireError('a label has no name', wire.at);
    const isTwice =
      name === '__name__' ||
      Object.hasOwn(labels, name) ||
      (names.length <= MOST_LABELS_PROBED && names.includes(name));
    if (isTwice) throw new WireError('a label name appears twice', wire.at);
    names.push(name);
    if (value === '') return;
  }
  setLabel(labels, name, value);
}

/** Reads a `Timestamp`. */
export function readTime(wire: WireReader): number {
  let seconds = 0;
  let nanos = 0;
  wire.message(() => {
    while (wire.next()) {
      if (wire.field === 1) seconds = wire.signed();
      else if (wire.field === 2) nanos = wire.signed();
      else wire.skip();
    }
  });
  return seconds * 1000 + Math.trunc(nanos / 1e6);
}

/** Reads a `Exemplar`. */
export function readExemplar(wire: WireReader): Exemplar {
  const labels: Record<string, string> = {};
  let value = 0;
  let timestamp: number | undefined;
  wire.element(() => {
    while (wire.next()) {
      if (wire.field === 1) readLabel(wire, labels);
      else if (wire.field === 2) value = wire.double();
      else if (wire.field === 3) timestamp = readTime(wire);
      else wire.skip();
    }
  });
  // Prometheus does not look at the texts of exemplars here.
  wire.isMalformed = false;
  return { labels, value, ...(timestamp !== undefined && { timestamp }) };
}
