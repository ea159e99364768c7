import { isAnyMetricName } from './key/index.ts';

/** The type of a family, as in OpenMetrics. */
export type FamilyType =
  | 'counter'
  | 'gauge'
  | 'unknown'
  | 'info'
  | 'stateset'
  | 'summary'
  | 'histogram'
  | 'gaugehistogram';

/** What HELP, TYPE and UNIT say of a family. A family without metadata is a gauge. */
export interface FamilyMetadata {
  /** The name as its points carry it, in every type: `jobs_total`, `build_info`. */
  readonly name: string;
  /**
   * The type. It says which values points may have; points with others are rejected.
   *
   * - `gauge`, `unknown`: any number.
   * - `counter`: a number that is neither negative nor NaN. If its name lacks `_total`, it is
   *   `unknown` in OpenMetrics 1, which has no such counter.
   * - `info`: the number 1; the name must end in `_info`.
   * - `stateset`: 0 or 1, one point for each state; the state is in a label of the family's name.
   * - `histogram`, `gaugehistogram`: a histogram; no label may be `le`. Counts of a `histogram` are
   *   not negative and do not fall.
   * - `summary`: a summary; no label may be `quantile`.
   */
  readonly type: FamilyType;
  /** One line of explanation; any well-formed Unicode of up to 1 048 576 characters. */
  readonly help?: string | undefined;
  /**
   * The base unit, of letters, digits, `_` and `:`. Only OpenMetrics and protobuf show it;
   * OpenMetrics 1 only if the name (without `_total`) ends in `_` and the unit.
   */
  readonly unit?: string | undefined;
}

/** Metadata that could not be used as given, and why. */
export interface FamilyMetadataFault {
  /** The family, or what was given in place of its name, cut to 200 characters. */
  readonly name: string;
  /** What is wrong, and the remedy. */
  readonly message: string;
}

const LONGEST_NAME = 65_536;
const LONGEST_HELP = 1_048_576;
const UNIT = /^[a-zA-Z0-9_:]+$/;
/** All types of families. */
export const FAMILY_TYPES: readonly FamilyType[] = [
  'counter',
  'gauge',
  'unknown',
  'info',
  'stateset',
  'summary',
  'histogram',
  'gaugehistogram',
];

/** The families that a refresh knows of, and the faults of those that it could not take. */
export interface FamilyCatalog {
  /** By metric name, only what is valid. */
  readonly byName: ReadonlyMap<string, FamilyMetadata>;
  /** What was given and not used, at most 100. */
  readonly faults: readonly FamilyMetadataFault[];
}

/**
 * Checks metadata from several places, entry by entry, and keeps the first word on each family.
 *
 * Never throws on bad metadata: a part that cannot be used is left out and reported, so that one
 * bad line of help never loses a scrape.
 */
export class FamilyCataloguer implements FamilyCatalog {
  readonly byName: Map<string, FamilyMetadata> = new Map();
  readonly faults: FamilyMetadataFault[] = [];

  /** Takes what is said of a family. */
  add(entry: unknown): void {
    const family = readFamily(entry, this.#report);
    if (family === undefined) return;
    const first = this.byName.get(family.name);
    if (first === undefined) this.byName.set(family.name, family);
    else if (!sameFamily(first, family)) {
      const message = 'conflicts with metadata given earlier, which stays; give it only once';
      this.#report(family.name, message);
    }
  }

  readonly #report: Report = (name, message) => {
    if (this.faults.length < 100) this.faults.push({ name: String(name).slice(0, 200), message });
  };
}

/** Checks metadata that is all there; see {@link FamilyCataloguer}. */
export function catalogFamilies(given: Iterable<unknown>): FamilyCatalog {
  const catalog = new FamilyCataloguer();
  for (const entry of given) catalog.add(entry);
  return catalog;
}

type Report = (name: unknown, message: string) => void;

function readFamily(entry: unknown, report: Report): FamilyMetadata | undefined {
  try {
    return checkFamily(entry, report);
  } catch {
    report(typeof entry, 'cannot be read: a property of it throws');
    return undefined;
  }
}

function checkFamily(entry: unknown, report: Report): FamilyMetadata | undefined {
  if (typeof entry !== 'object' || entry === null) {
    report(typeof entry, 'is not family metadata; give an object with name and type');
    return undefined;
  }
  const { name, type, help, unit } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || name.length > LONGEST_NAME || !isAnyMetricName(name)) {
    report(typeof name === 'string' ? name : typeof name, 'is not a legal metric name');
    return undefined;
  }
  if (!FAMILY_TYPES.includes(type as FamilyType)) {
    report(name, `has an unknown type; use one of ${FAMILY_TYPES.join(', ')}`);
    return undefined;
  }
  return {
    name,
    type: type as FamilyType,
    ...checkHelp(name, help, report),
    ...checkUnit(name, unit, report),
  };
}

function checkHelp(name: string, help: unknown, report: Report): Pick<FamilyMetadata, 'help'> {
  if (help === undefined) return {};
  if (typeof help === 'string' && help.length <= LONGEST_HELP && help.isWellFormed()) {
    return { help };
  }
  report(
    name,
    'has a help that is not a well-formed string of up to 1 048 576 characters; it is left out',
  );
  return {};
}

function checkUnit(name: string, unit: unknown, report: Report): Pick<FamilyMetadata, 'unit'> {
  if (unit === undefined || unit === '') return {};
  if (typeof unit === 'string' && unit.length <= LONGEST_NAME && UNIT.test(unit)) return { unit };
  report(name, 'has a unit that is not text of letters, digits, _ and :; it is left out');
  return {};
}

function sameFamily(a: FamilyMetadata, b: FamilyMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}
