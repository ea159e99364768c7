import type { Payload } from './entries.ts';
import type { FamilyType } from './family-metadata.ts';
import { labelIn, nameOf } from './key/index.ts';
import type { RejectionReason } from './rejection.ts';
import { readNumber, tailStart, valueKind } from './value/index.ts';

/**
 * Says why a family's type forbids an admitted point; undefined if it does not.
 *
 * Start times and exemplars are not looked at: formats leave them out if they do not belong to the
 * type. Costs two comparisons for a number of a gauge.
 */
export function typeFault(
  type: FamilyType,
  key: string,
  payload: Payload,
): RejectionReason | undefined {
  const kind = typeof payload === 'number' ? 'number' : valueKind(payload);
  switch (type) {
    case 'gauge':
    case 'unknown':
      return kind === 'number' ? undefined : 'type_mismatch';
    case 'summary':
      return compositeFault(key, kind === 'summary', 'quantile');
    case 'histogram':
      return compositeFault(key, kind === 'histogram', 'le');
    case 'gaugehistogram':
      return compositeFault(key, kind === 'histogram' || kind === 'gaugehistogram', 'le');
    default:
      return kind === 'number' ? numberFault(type, key, numberOf(payload)) : 'type_mismatch';
  }
}

function compositeFault(
  key: string,
  isOfType: boolean,
  label: string,
): RejectionReason | undefined {
  if (!isOfType) return 'type_mismatch';
  return labelIn(key, label) === undefined ? undefined : 'reserved_label';
}

function numberFault(
  type: 'counter' | 'info' | 'stateset',
  key: string,
  value: number,
): RejectionReason | undefined {
  // OpenMetrics 1.0.0, Counter: a total is neither negative nor NaN.
  if (type === 'counter') return value >= 0 ? undefined : 'invalid_counter_value';
  const name = nameOf(key);
  if (type === 'info') {
    return value === 1 && name.endsWith('_info') ? undefined : 'invalid_info_value';
  }
  const isState = (value === 0 || value === 1) && labelIn(key, name) !== undefined;
  return isState ? undefined : 'invalid_stateset_value';
}

function numberOf(payload: Payload): number {
  if (typeof payload === 'number') return payload;
  return readNumber(payload.slice(0, tailStart(payload))) ?? Number.NaN;
}
